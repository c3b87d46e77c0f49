"""The connection test of an API: one look at its back end from the portal and from each gateway, side by side, and what it means."""
