"""The world becomes Posts: sources, their records, and the collector that runs them."""
