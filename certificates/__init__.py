"""Security → Client certificates: reading PFX files, sealing private keys, entries and their versions."""
