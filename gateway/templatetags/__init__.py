"""Template tags of the gateway app."""
