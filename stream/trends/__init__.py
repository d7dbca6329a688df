"""What is usual for a subject, and what departs from it: pure functions over counts."""
