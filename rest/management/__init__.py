"""Commands of the rest app, and what they share."""
