"""How a narrative spread: its cascades, their shapes, their speed. Pure functions."""
