"""Numbers as people type them."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import IntegerField

_WHOLE = re.compile(r"\s*[+-]?[0-9]+(?:\.0*)?\s*", re.ASCII)


class WholeNumberField(IntegerField):
    """A whole number, in the digits of whatever script; what Python would take besides (``1_0`` for ten) is none."""

    def to_python(self, value: Any) -> int | None:
        """Return the number, ``None`` for nothing.

        :raises ValidationError: if it is none
        """
        text = "" if value is None else str(value)
        western = "".join(str(unicodedata.decimal(character, character)) for character in text)
        if text.strip() and not _WHOLE.fullmatch(western):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(western)
