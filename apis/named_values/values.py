"""The named values as a mapping from name to text; read, and unsealed, when one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from apis.named_values.models import NamedValue
from apis.policy.references import SecretText


class KeptValues(Mapping[str, str]):
    """All named values, as they are at the first question."""

    def __getitem__(self, name: str) -> str:
        """Return the text of a value.

        :raises KeyError: if there is none of the name
        :raises certificates.sealing.SealingError: if it is a secret that does not open
        """
        row = self._rows[name]
        return SecretText(row.text()) if row.secret else row.text()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._rows)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    @cached_property
    def _rows(self) -> dict[str, NamedValue]:
        return {one.display_name: one for one in NamedValue.objects.select_related("sealed")}


class WithValue(Mapping[str, str]):
    """Named values with another text for one of them, which is to be tried."""

    def __init__(self, values: Mapping[str, str], name: str, text: str) -> None:
        """Hold the *text* that *name* shall have."""
        self._values, self._name, self._text = values, name, text

    def __getitem__(self, name: str) -> str:
        """Return the text of a value."""
        return self._text if name == self._name else self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter({*self._values, self._name})

    def __len__(self) -> int:
        """Return how many there are."""
        return len({*self._values, self._name})
