"""Commands of the gateway app."""
