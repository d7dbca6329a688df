"""Looking after a data folder: backup, restore."""
