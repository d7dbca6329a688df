"""Everything with memory or time: the log, the router, the operators and their hosts."""
