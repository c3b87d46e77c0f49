"""What callers notice when something breaks, whatever it is, and whether everything is as it should be afterwards."""
