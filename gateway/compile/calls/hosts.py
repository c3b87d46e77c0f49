"""Host names that an API is limited to: calls under others find nothing. [pure]"""

from __future__ import annotations

import re
from collections.abc import Iterable

from envoy.config.route.v3.route_components_pb2 import HeaderMatcher
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher


def under(hosts: Iterable[str]) -> HeaderMatcher:
    """Return the condition that a call names one of *hosts*, with any port; ``*.`` stands for one label."""
    names = "|".join(_name(host) for host in sorted(hosts))
    return HeaderMatcher(name=":authority", string_match=StringMatcher(safe_regex=RegexMatcher(regex=rf"(?i)(?:{names})\.?(?::[0-9]*)?")))


def _name(host: str) -> str:
    label, star, above = host.rpartition("*.")
    return rf"[^.:]+\.{re.escape(above)}" if star and not label else re.escape(host)
