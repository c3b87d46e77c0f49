"""How languages write numbers and moments, where it is not as Django says."""
