"""The HTTP API: what the pages show as JSON, decisions, and a stream of what is new."""
