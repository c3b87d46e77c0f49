"""The same call as a line for a shell (POSIX). No secret stands in it: variables take their place. [pure]"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

KEY_VARIABLE = "SUBSCRIPTION_KEY"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token", "ocp-apim-subscription-key"})
_SECRET_WORDS = ("token", "secret", "password", "api-key", "apikey", "access-key", "signature")
_NEEDS_GLOBOFF = frozenset("[]{}")
_LONGEST_BODY = 4000


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is called.

    :ivar headers: as they were typed, the subscription's key aside
    :ivar key_header: the API's name for the header with the key
    :ivar key_query: and for the query parameter
    :ivar sends_key: whether the key of a subscription is sent beside
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    key_header: str
    key_query: str
    sends_key: bool


def curl(call: Call) -> str:
    """Return the line; a long body is read from a file that it names."""
    words = ["curl", *_method(call), _quoted(*_address(call))]
    for name, value in _headers(call):
        words += ["-H", _quoted(f"{name}: ", value)]
    if call.body:
        words += ["--data-binary", "@body"] if len(call.body) > _LONGEST_BODY else ["--data-raw", shlex.quote(call.body)]
    return " ".join(words)


def _method(call: Call) -> Iterator[str]:
    if _NEEDS_GLOBOFF & set(call.url):
        yield "--globoff"
    if "/." in call.url:
        yield "--path-as-is"
    if call.method == "HEAD":
        yield "--head"
    elif call.method != ("POST" if call.body else "GET"):
        yield f"-X {shlex.quote(call.method)}"


def _address(call: Call) -> Iterator[str | _Variable]:
    """Yield the address in pieces; the value of the query parameter that holds a key is left to a variable."""
    path, mark, query = call.url.partition("?")
    yield path + mark
    for number, pair in enumerate(query.split("&") if mark else ()):
        name, equals, _value = pair.partition("=")
        before = "&" if number else ""
        if equals and _is_secret(unquote_plus(name), call.key_query):
            yield f"{before}{name}="
            yield _variable_for(unquote_plus(name), call.key_query)
        else:
            yield before + pair


def _headers(call: Call) -> Iterator[tuple[str, str | _Variable]]:
    if call.sends_key:
        yield call.key_header, _Variable(KEY_VARIABLE)
    for name, value in call.headers.items():
        if not (call.sends_key and name.lower() == call.key_header.lower()):
            yield name, _variable_for(name, call.key_header) if _is_secret(name, call.key_header) else value
    if call.body and "content-type" not in {name.lower() for name in call.headers}:
        yield "Content-Type", ""  # or curl would say that it is a form


def _is_secret(name: str, of_key: str) -> bool:
    low = name.lower()
    return low in _SECRET_HEADERS or low == of_key.lower() or any(word in low for word in _SECRET_WORDS)


def _variable_for(name: str, of_key: str) -> _Variable:
    if name.lower() == of_key.lower():
        return _Variable(KEY_VARIABLE)
    return _Variable("".join(one if one.isascii() and one.isalnum() else "_" for one in name.upper()))


def _quoted(*pieces: str | _Variable) -> str:
    """Return *pieces* as one word of a shell; variables stand in double quotes, everything else is taken as it is."""
    return "".join(f'"${{{one.name}}}"' if isinstance(one, _Variable) else shlex.quote(one) for one in pieces if one != "")
