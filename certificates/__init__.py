"""Security → Client certificates, Server certificates: reading PFX files, sealing private keys, entries and their versions."""
