"""The gateways' pages, and those of failed calls."""
