"""What the gateway sends to a back end to prove itself, beside a client certificate or alone. [pure]

The published product has no statements for these; their elements are ours.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING

from apis.policy.oauth import ELEMENT as OAUTH2
from apis.policy.oauth import AuthenticationOAuth2, oauth2_attributes, read_oauth2
from apis.policy.sentences import Sentence
from apis.policy.statements.headers import LONGEST_NAME, LONGEST_VALUE, VISIBLE, fault_of_name
from certificates.sealing import Secret
from portal.characters import first_deceiving

if TYPE_CHECKING:
    from apis.policy.elements import Element

MASK = "***"  # what stands for a secret that is not shown
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class SecretPlace(enum.StrEnum):
    """Where a shared secret is sent."""

    HEADER = "header"
    QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationSharedSecret:
    """Send this secret to the back end in a header, or in a query parameter, over whatever the caller has sent there."""

    place: SecretPlace
    name: str
    secret: Secret | None  # None: the one that is stored


Proof = AuthenticationSharedSecret | AuthenticationOAuth2
PROOFS = (AuthenticationSharedSecret, AuthenticationOAuth2)


def same_proof(one: Proof, other: Proof) -> bool:
    """Return whether two are the same; what is not said (a secret, an authority) is any."""
    if type(one) is not type(other):
        return False
    pairs = ((getattr(one, named.name), getattr(other, named.name)) for named in fields(one) if named.compare)
    return all(this == that or this is None or that is None for this, that in pairs)


def fault_of_secret_name(place: SecretPlace, name: str) -> str:
    """Return why a secret cannot be sent under *name*, in a sentence; empty: it can."""
    if place is SecretPlace.HEADER:
        return fault_of_name(name) or (
            Sentence("The header Host says where a call goes; send the secret in another.") if name.lower() == "host" else ""
        )
    if not name or _unfit(name, LONGEST_NAME) or first_deceiving(name):
        return Sentence("The name has 1 to %(longest)s characters, all of them seen.", longest=LONGEST_NAME)
    return ""


def fault_of_secret(place: SecretPlace, secret: str) -> str:
    """Return why *secret* cannot be sent, in a sentence that does not tell it; empty: it can."""
    if place is SecretPlace.HEADER and (not VISIBLE.match(secret) or secret != secret.strip()):
        return Sentence("A secret in a header holds no controls and no blanks at its ends.")
    return Sentence("Control characters cannot be sent, and no more than 8000 others.") if _unfit(secret, LONGEST_VALUE) else ""


def read_shared_secret(element: Element) -> AuthenticationSharedSecret:
    """Return the rule that ``<authentication-shared-secret>`` is.

    :raises apis.policy.elements.UnreadablePolicy: naming the element at fault
    """
    element.refuse_content()
    element.refuse_attributes(*SecretPlace, "secret")
    places = [place for place in SecretPlace if place in element.attributes]
    if len(places) != 1:
        element.refuse(Sentence("Name a header by header, or a query parameter by query; one of the two."))
    name, secret = element.needed(places[0]), _secret(element, "secret")
    if fault := fault_of_secret_name(places[0], name) or fault_of_secret(places[0], secret.value.decode() if secret else ""):
        element.refuse(fault)
    return AuthenticationSharedSecret(place=places[0], name=name, secret=secret)


READERS: Mapping[str, Callable[[Element], Proof]] = {
    "authentication-shared-secret": read_shared_secret,
    OAUTH2: partial(read_oauth2, mask=MASK),
}
# The attribute of an element that is kept as a secret; a secret named value may stand there.
SECRET_ATTRIBUTES = {"authentication-basic": "password", "authentication-shared-secret": "secret", OAUTH2: "client-secret"}


def attributes_of(rule: Proof, *, reveal: bool) -> tuple[str, dict[str, str]]:
    """Return the name of the element that *rule* is, and its attributes.

    :param reveal: show the secret instead of :data:`MASK`
    """
    shown = rule.secret.value.decode() if reveal and rule.secret else MASK
    if isinstance(rule, AuthenticationOAuth2):
        return OAUTH2, oauth2_attributes(rule, shown)
    return "authentication-shared-secret", {rule.place.value: rule.name, "secret": shown}


def _secret(element: Element, name: str) -> Secret | None:
    text = element.attributes.get(name, "")
    if not text:
        element.refuse(Sentence("The attribute %(name)s is missing.", name=name))
    return None if text == MASK else Secret(text.encode())


def _unfit(text: str, longest: int) -> bool:
    return len(text) > longest or bool(_CONTROL.search(text))
