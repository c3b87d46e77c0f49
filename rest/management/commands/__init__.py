"""Commands of the rest app."""
