"""What is shipped to run it: checked by the tools of those that run it."""
