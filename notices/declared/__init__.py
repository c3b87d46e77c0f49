"""What a configuration file says of notices: who is told of an entry, channels, and when is told."""
