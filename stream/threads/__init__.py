"""Posts that refer to each other: the tree, and how it spread."""
