"""Backups: one file with every row and, sealed, the keys without which the rows are worthless."""
