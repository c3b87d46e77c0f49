"""The kinds of entries that a configuration file has, one per file: what they look like, how they are shown, brought about and deleted."""
