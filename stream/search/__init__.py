"""Search as every index does it: query language, tokens, terms, highlighting."""
