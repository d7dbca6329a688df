"""Names in texts: how they are spelt, where they count, what follows them."""
