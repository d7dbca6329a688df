"""The parts of the Elasticsearch index."""
