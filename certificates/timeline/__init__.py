"""The next twelve months of certificates: what ends, what is switched to, what is renewed, as a strip and as a table."""
