"""What pages, exports and the API ask the index, by noun: each question in one place."""
