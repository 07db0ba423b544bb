"""Template tags of the deciding side."""
