"""What is durable under the embedded host: the SQLite file, its schema, its state."""
