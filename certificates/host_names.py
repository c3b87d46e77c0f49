"""Host names as certificates and callers write them: ``api.example.com``, or all one level below with ``*.example.com``. [pure]"""

from __future__ import annotations

import re

_LONGEST = 253  # RFC 1035, 2.3.4, as text
_HOST_NAME = re.compile(r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")


def is_host_name(text: str) -> bool:
    """Tell whether *text* is a host name in lower case, or stands for all one level below one; other scripts in their ASCII form."""
    return len(text) <= _LONGEST and _HOST_NAME.match(text) is not None


def covers(named: str, host: str) -> bool:
    """Tell whether a certificate that bears the name *named* is for *host*, which may be a name with an asterisk itself (RFC 9525, 6.3)."""
    if named == host:
        return True
    label, _, above = host.partition(".")
    return named.startswith("*.") and label != "*" and above == named[2:]
