"""ACME (RFC 8555): certificates ordered from an authority with a key made here, and renewed in time, by certbot's own library."""
