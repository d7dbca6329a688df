"""The built-in demo: invented agency, seeded scenario with oracle, source, score."""
