"""Near-duplicate texts: which posts of a subject say the same."""
