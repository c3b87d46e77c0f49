"""The Test tab: one call through the gateway, what the gateway did with it, one's last calls, and the same call for a shell."""
