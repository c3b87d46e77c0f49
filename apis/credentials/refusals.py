"""Why credentials were not stored."""


class PasswordMissing(Exception):
    """The stored password or secret was to be kept, and none is stored: somebody has chosen other credentials meanwhile."""
