"""Puts the parts together from the settings: pipeline, scale-out, judge, replay, processes."""
