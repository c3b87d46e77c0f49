"""Tokens that the agent fetches."""
