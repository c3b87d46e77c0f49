"""What happens to a call's headers before it is routed: the gateway's own names are set or removed, whatever the caller has sent. [pure]

Many back ends (CGI, WSGI, PHP) take ``X_Forwarded_For`` for ``X-Forwarded-For``, so a name of the gateway's own is
removed however its ``-`` are written. Other names with ``_`` are nobody's business but the back end's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from envoy.config.common.mutation_rules.v3.mutation_rules_pb2 import HeaderMutation
from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.core.v3.extension_pb2 import TypedExtensionConfig
from envoy.extensions.http.early_header_mutation.header_mutation.v3.header_mutation_pb2 import HeaderMutation as EarlyHeaderMutation
from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from gateway.compile.calls.overriding import OVERRIDING_HEADERS
from gateway.compile.names import CALLER_HEADER, KEY_HEADER, SCOPE_HEADER
from gateway.compile.resource import pack

_FORWARDED_HOST = "x-forwarded-host"
_OTHER_PATHS = "x[-_](?:original|rewrite)[-_]url"  # some frameworks (IIS, Symfony) serve the path that these name instead of the call's
# Names whose twins with "_" would deceive a back end that reads both alike.
_WITHOUT_TWINS = ("content-length", "transfer-encoding", KEY_HEADER, *OVERRIDING_HEADERS)
# What only a proxy says of the caller's own request; X-Forwarded-For and -Proto are Envoy's.
_SAID_BY_US = r"client[-_]cert(?:[-_]chain)?|x[-_]client[-_]cert[-_].*"  # of callers' certificates
_SAID_BY_PROXIES = "forwarded|x-forwarded-(?:host|port|prefix|scheme|server|ssl)"


def early_headers(*, trusted_proxies: int) -> TypedExtensionConfig:
    """Return what runs before routing.

    ``PATH`` is named because the default would believe a caller's ``x-envoy-original-path``.

    :param trusted_proxies: how many proxies are in front; with one, what it says of the caller's request is passed on
    """
    host = HeaderValueOption.ADD_IF_ABSENT if trusted_proxies else HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    mutations = [
        HeaderMutation(remove_on_match=HeaderMutation.RemoveOnMatch(key_matcher=not_the_callers(trusted=trusted_proxies > 0))),
        _set(SCOPE_HEADER, "%PATH(NQ:PATH)%/", HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD),
        _set(_FORWARDED_HOST, "%REQ(:AUTHORITY)%", host),
    ]
    return TypedExtensionConfig(name="own-headers", typed_config=pack(EarlyHeaderMutation(mutations=mutations)))


def caller_certificate() -> TypedExtensionConfig:
    """Return what notes the thumbprint of the caller's certificate (SHA-1, as publishers know it), which no script can ask for."""
    noted = _set(CALLER_HEADER, "%DOWNSTREAM_PEER_FINGERPRINT_1%", HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
    return TypedExtensionConfig(name="caller-certificate", typed_config=pack(EarlyHeaderMutation(mutations=[noted])))


def _set(name: str, value: str, action: HeaderValueOption.HeaderAppendAction) -> HeaderMutation:
    return HeaderMutation(append=HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=action))


def not_the_callers(*, trusted: bool) -> StringMatcher:
    """Return what matches the names of headers that no caller may send."""
    twins = (twin for name in _WITHOUT_TWINS for twin in _twins(name))
    forwarded = ("x_forwarded[-_].*", "x-forwarded_.*", "x-forwarded-.*_.*")
    said = () if trusted else (_SAID_BY_PROXIES,)
    names = "|".join(["x[-_](?:envoy|portal)[-_].*", _OTHER_PATHS, _SAID_BY_US, *forwarded, *twins, *said])
    return StringMatcher(safe_regex=RegexMatcher(regex=names))


def _twins(name: str) -> Iterator[str]:
    """Yield expressions that together match *name* with ``_`` for at least one ``-``."""
    words = [re.escape(word) for word in name.split("-")]
    for first in range(1, len(words)):
        yield "-".join(words[:first]) + "_" + "[-_]".join(words[first:])
