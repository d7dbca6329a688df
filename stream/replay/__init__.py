"""Judges a stretch of the past anew: from a log, in order of event time, by a job."""
