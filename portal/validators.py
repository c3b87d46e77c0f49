"""What the texts that people type must not hold."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.characters import first_deceiving
from portal.private_keys import holds_private_key

UNSEEN = _("The character %(character)s in it is not seen, or turns the text around. Type it without.")
HOLDS_KEY = _("This holds a private key. It does not belong here and was not stored. Consider that key exposed.")


def plain_name(text: str) -> None:
    """Refuse a name with characters that deceive whoever reads it.

    :raises ValidationError: naming the first
    """
    if character := first_deceiving(text):
        raise ValidationError(UNSEEN, params={"character": character})


def no_private_key(text: str) -> None:
    """Refuse a text that is shown to everybody and holds a private key.

    :raises ValidationError: if it does
    """
    if holds_private_key(text):
        raise ValidationError(HOLDS_KEY)
