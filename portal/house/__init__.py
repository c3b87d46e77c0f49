"""The pages of *Settings* that tell about this installation: what is kept for how long, and what it is made of and how it is."""
