"""Secrets of a configuration file: they stand in files or the environment beside it, or encrypted at its end; never in its clear text."""
