"""Words under disguise: undone, by their letters, by their stems."""
