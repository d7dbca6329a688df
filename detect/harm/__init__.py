"""What a post does to a person: words with context, a small model, and both together."""
