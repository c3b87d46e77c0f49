"""A document as it is kept: as it was written, with the mask in place of passwords and secrets, and without comments that tell one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from apis.policy import MASKED_PASSWORD
from apis.policy.model import AuthenticationBasic, Rule
from apis.policy.proofs import PROOFS, SECRET_ATTRIBUTES
from apis.policy.references import NAME_PATTERN

# What of well-formed XML holds what else looks like elements, and the elements themselves.
_PIECES = re.compile(r"""<!--(?P<comment>.*?)-->|<!\[CDATA\[.*?\]\]>|<(?P<element>[^\s/>!?]+)(?:[^"'>]|"[^"]*"|'[^']*')*>""", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(?P<name>[^\s="']+)(?P<between>\s*=\s*)(?P<quote>["'])(?P<value>.*?)(?P=quote)""", re.DOTALL)
_GIVEN = re.compile(r"""(?:password|secret)\b["']?\s*(?:[=:]+|\b(?:is|was)\b)\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.IGNORECASE)
_REFERENCE = re.compile(r"\{\{\s*" + NAME_PATTERN + r"\s*\}\}\Z")


def masked(text: str, rules: Collection[Rule]) -> str:
    """Return the document *text*, which has been read as *rules*, as it may be kept.

    A comment may speak of passwords and secrets. It tells one where it says what that is, as an attribute, after a colon or an "is", or
    where it holds that of a rule.
    """
    secrets = frozenset(_secrets_of(rules))

    def kept(piece: re.Match[str]) -> str:
        if (comment := piece["comment"]) is not None:
            return "" if _tells(comment, secrets) else piece[0]
        return _ATTRIBUTE.sub(lambda one: _attribute(one, SECRET_ATTRIBUTES.get(piece["element"] or "", "")), piece[0])

    return _PIECES.sub(kept, text)


def _attribute(found: re.Match[str], of_secret: str) -> str:
    if found["name"] != of_secret or _is_mask(found["value"]):
        return found[0]
    return f"{found['name']}{found['between']}{found['quote']}{MASKED_PASSWORD}{found['quote']}"


def _tells(comment: str, secrets: Collection[str]) -> bool:
    given = (one or other or bare for one, other, bare in _GIVEN.findall(comment))
    return not all(map(_is_mask, given)) or any(one in comment for one in secrets)


def _is_mask(given: str) -> bool:
    return given == MASKED_PASSWORD or bool(_REFERENCE.match(given))


def _secrets_of(rules: Collection[Rule]) -> Iterator[str]:
    for rule in rules:
        secret = rule.password if isinstance(rule, AuthenticationBasic) else rule.secret if isinstance(rule, PROOFS) else None
        if secret and secret.value.decode() not in {"", MASKED_PASSWORD}:
            yield secret.value.decode()
