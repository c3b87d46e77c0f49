"""Template tags of the apis app."""
