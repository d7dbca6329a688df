"""Trains models on an agency's own files."""
