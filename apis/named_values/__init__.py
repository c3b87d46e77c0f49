"""Named values: texts and secrets under a name, which policies refer to as ``{{name}}``."""
