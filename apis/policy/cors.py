"""The ``<cors>`` policy: its element, and which values it may hold. [pure]

The vocabulary is the published product's; the meaning is the Fetch standard's (CORS protocol).
"""

from __future__ import annotations

import re

from apis.policy.elements import Element
from apis.policy.model import Cors
from apis.policy.sentences import Sentence
from portal.whole_numbers import whole_number

ANY = "*"
_NO_ORIGIN = "null"  # of sandboxed frames, files and the like (HTML standard, 7.1.1)
MOST_AGE_SECONDS = 24 * 3600  # browsers keep an answer no longer
MOST_ENTRIES = 100  # of one list
_LISTS = {"allowed-origins": "origin", "allowed-methods": "method", "allowed-headers": "header", "expose-headers": "header"}
_AGE = "preflight-result-max-age"
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://((?:\*\.)?(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]))(?::([0-9]{1,5}))?\Z")
_USUAL_PORTS = {"http": 80, "https": 443}  # which browsers leave out (HTML standard, 7.1.1)
_LAST_PORT = 65535
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]+\Z")  # RFC 9110, without the asterisk
_FLAGS = {"true": True, "false": False}

ORIGIN_REASON = Sentence(
    "A site is written as browsers send it, for instance https://shop.example.com or https://*.example.com; * means any."
)
TOKEN_REASON = Sentence("This is not the name of an HTTP verb or header; * alone means any.")
CREDENTIALS_REASON = Sentence("With credentials, neither * counts for sites and exposed headers nor null for sites: name them.")


def normal_origin(text: str) -> str | None:
    """Return an origin as browsers send it: in lower case, without a slash at the end or the usual port; ``None`` if it is none."""
    origin = text.strip().lower().removesuffix("/")
    if origin in {ANY, _NO_ORIGIN}:
        return origin
    if not (found := _ORIGIN.match(origin)):
        return None
    scheme, host, port = found.groups()
    if port is None or int(port) == _USUAL_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{int(port)}" if 0 < int(port) <= _LAST_PORT else None


def is_token(text: str) -> bool:
    """Tell whether *text* can be a verb or the name of a header, or is ``*``."""
    return text == ANY or _TOKEN.match(text) is not None


def element_of(rule: Cors) -> Element:
    """Return the rule as an element."""
    element = Element("cors", {"allow-credentials": "true"} if rule.credentials else {})
    values = (rule.origins, rule.methods, rule.headers, rule.exposed)
    for (name, entry), listed in zip(_LISTS.items(), values, strict=True):
        age = {_AGE: str(rule.max_age_seconds)} if name == "allowed-methods" and rule.max_age_seconds is not None else {}
        if listed or age:
            element.children.append(Element(name, age, [Element(entry, text=value) for value in listed]))
    return element


def read_cors(element: Element) -> Cors:
    """Return the rule that *element* is.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    if unknown := sorted(set(element.attributes) - {"allow-credentials", "terminate-unmatched-request"}):
        element.refuse(Sentence("The attribute %(name)s is not allowed here.", name=unknown[0]))
    if _flag(element, "terminate-unmatched-request"):
        element.refuse(
            Sentence(
                'Calls from other sites go on to the back end here, without a word to browsers; write terminate-unmatched-request="false".'
            )
        )
    lists: dict[str, tuple[str, ...]] = {}
    age: int | None = None
    for child in element.children:
        if child.name not in _LISTS or child.name in lists:
            child.refuse(Sentence("<cors> holds <allowed-origins>, <allowed-methods>, <allowed-headers> and <expose-headers>, each once."))
        age = _age(child) if child.name == "allowed-methods" else age
        lists[child.name] = _entries(child)
    element.refuse_text()
    if not lists.get("allowed-origins"):
        element.refuse(Sentence("<cors> needs <allowed-origins> with at least one <origin>."))
    rule = Cors(
        origins=lists["allowed-origins"],
        methods=lists.get("allowed-methods", ()),
        headers=lists.get("allowed-headers", ()),
        exposed=lists.get("expose-headers", ()),
        max_age_seconds=age,
        credentials=_flag(element, "allow-credentials"),
    )
    if leaves_open_with_credentials(rule):
        element.refuse(CREDENTIALS_REASON)
    return rule


def leaves_open_with_credentials(rule: Cors) -> bool:
    """Tell whether a rule with credentials leaves open who may call, or what may be read.

    Any site could act in its visitors' names (every site can make itself ``null``, in a sandboxed frame), and browsers take a ``*`` of
    exposed headers for a name (Fetch standard). For verbs and headers to send the gateway answers with those that are asked for.
    """
    return rule.credentials and (any(ANY in values for values in (rule.origins, rule.exposed)) or _NO_ORIGIN in rule.origins)


def _entries(element: Element) -> tuple[str, ...]:
    """Return the values that *element* lists, each once."""
    wanted = _LISTS[element.name]
    allowed = {_AGE} if element.name == "allowed-methods" else set()
    if unknown := sorted(set(element.attributes) - allowed):
        element.refuse(Sentence("The attribute %(name)s is not allowed here.", name=unknown[0]))
    element.refuse_text()
    if any(child.name != wanted for child in element.children):
        element.refuse(Sentence("<%(name)s> holds <%(wanted)s> only.", name=element.name, wanted=wanted))
    if len(element.children) > MOST_ENTRIES:
        element.refuse(Sentence("<%(name)s> holds %(most)s entries at most.", name=element.name, most=MOST_ENTRIES))
    return tuple(dict.fromkeys(_entry(child) for child in element.children))


def _entry(element: Element) -> str:
    if element.children or element.attributes:
        element.refuse(Sentence("<%(name)s> holds text only.", name=element.name))
    if element.name == "origin":
        origin = normal_origin(element.text)
        return origin or element.refuse(ORIGIN_REASON)
    if not is_token(element.text):
        element.refuse(TOKEN_REASON)
    return element.text.upper() if element.name == "method" else element.text


def _age(element: Element) -> int | None:
    text = element.attributes.get(_AGE)
    if text is None:
        return None
    if (age := whole_number(text)) is None or age > MOST_AGE_SECONDS:
        element.refuse(Sentence("%(name)s is a number of seconds, %(most)s at most.", name=_AGE, most=MOST_AGE_SECONDS))
    return age


def _flag(element: Element, name: str) -> bool:
    text = element.attributes.get(name, "false")
    if text not in _FLAGS:
        element.refuse(Sentence("%(name)s is true or false.", name=name))
    return _FLAGS[text]
