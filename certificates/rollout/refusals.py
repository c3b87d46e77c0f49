"""What is seen of a version that is on probation: calls and refusals, by API. The gateway app counts them, and enters its answer here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from certificates.rollout.models import Probation
from certificates.rollout.rise import Calls, has_risen


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One API's calls with the version, and with the one before until then.

    :ivar said: how the back end has refused the certificate last, in the words of the failure or of the library
    """

    api: str
    display_name: str
    now: Calls
    before: Calls
    said: str = ""

    @property
    def has_risen(self) -> bool:
        """Whether refusals have."""
        return has_risen(self.before, self.now)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return asdict(self)


Look = Callable[[Probation], list[Seen]]
_looks: list[Look] = []


def look_with(look: Look) -> None:
    """Let *look* tell what is seen. Called once, by the app that counts."""
    _looks[:] = [look]


def seen_in(probation: Probation) -> list[Seen]:
    """Return what is seen of a version since its probation began, by API, the most refused first."""
    (look,) = _looks
    return sorted(look(probation), key=lambda one: (-one.now.refused, one.display_name, one.api))
