"""How large a portal is, and what everything in it is called: known to the process that fills its database and to those that call it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# What an ordinary API lets through; the last one is what calls are made to.
TEMPLATES = (
    "/items",
    "/items/{item}",
    "/items/{item}/parts",
    "/items/{item}/parts/{part}",
    "/customers",
    "/customers/{customer}",
    "/customers/{customer}/addresses",
    "/reports/{year}/{month}",
    "/search",
    "/*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much there is of everything.

    :ivar keys: subscription keys, two to a subscription; every other subscription opens all APIs, the others one
    :ivar operations: per API, one to ten; a single one lets every path through
    :ivar method: the verb that they let through; ``*`` means any
    """

    apis: int
    certificates: int
    keys: int
    operations: int = 10
    method: str = "GET"

    def __post_init__(self) -> None:
        """Each API presents a certificate of its own.

        :raises ValueError: if there are too few
        """
        if self.certificates < self.apis:
            raise ValueError("There must be a certificate for each API.")


def api_name(number: int) -> str:
    """Return the name and path of an API; numbers begin at 0."""
    return f"api-{number}"


def certificate_name(number: int) -> str:
    """Return the name of a certificate entry; an API presents that of its own number."""
    return f"client-{number}"


def subscription_name(number: int) -> str:
    """Return the name of a subscription; those with even numbers open all APIs."""
    return f"subscription-{number}"


def operation_name(template: str) -> str:
    """Return the name of the operation that lets *template*, one of :data:`TEMPLATES`, through."""
    return f"operation-{TEMPLATES.index(template)}"


def call_path(number: int) -> str:
    """Return the path of a call to an API's last operation."""
    return f"/{api_name(number)}/orders/1"


def key_of(subscription: int, kind: str = "primary") -> str:
    """Return a key of a subscription."""
    return hashlib.sha256(f"{subscription} {kind}".encode()).hexdigest()[:32]
