"""What a configuration file may hold: one definition, by which files are read and editors help (a JSON schema, draft 2020-12)."""
