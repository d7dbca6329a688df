"""Everything people touch: command line, pages, exports, delivery of alerts."""
