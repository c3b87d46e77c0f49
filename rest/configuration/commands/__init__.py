"""What the commands about configuration files do."""
