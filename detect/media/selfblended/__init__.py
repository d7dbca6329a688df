"""Forgeries made out of one's own photographs, and a model that learns to see them."""
