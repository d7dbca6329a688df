"""What scores of harm mean, and the names of the layers that give them."""

from __future__ import annotations

FLOOR = 0.2
"""Least score that is written down."""
UNSURE_FROM, SURE_FROM = 0.35, 0.65
"""Between these a score is marked as unsure."""
ALERT_FROM = 0.8
"""Score from which a post may raise an alert, given words that say so and a subject."""
MODEL_ALONE = 0.79
"""Most that the model alone can say: no alert rests on one such score."""
