"""Judges one thing at a time: stateless, without input or output."""
