"""The pages: ``entrance`` signing in, ``confirm`` once more, ``password`` a new one, ``factors`` the second ones, and two more."""
