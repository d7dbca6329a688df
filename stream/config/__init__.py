"""Settings decoded and written out, secrets kept out of sight, the program's own log."""
