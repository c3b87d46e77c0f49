"""Commands; the noun first, then the verb."""
