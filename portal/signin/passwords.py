"""Which passwords are refused: those that are guessed first, and those that are such a one with something around it.

ASVS 5, 6.2: length before all, no lists of required characters, nothing common, nothing of the product, the organisation or the person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_PRODUCT = (
    "publisher",
    "portal",
    "gateway",
    "api",
    "apis",
    "management",
    "azure",
    "admin",
    "administrator",
    "password",
    "envoy",
    "certificate",
)
_SEASONS = ("spring", "summer", "autumn", "winter", "january", "february", "march", "april", "june", "july", "august", "september")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "01234567890", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p")
_LETTERS_FOR = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_SHORTEST_WORD = 3
_FEWEST_CHARACTERS = 5  # different ones


class GuessableValidator:
    """Refuses a password that is one guessable thing, however it is repeated, written in digits, or given a year."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Look at *password*.

        :raises ValidationError: if it is refused
        """
        words = {word for word in (*_PRODUCT, *_SEASONS, *_words_of_the_organisation(), *_words_of(user)) if len(word) >= _SHORTEST_WORD}
        if _is_guessable(password.lower(), words):
            raise ValidationError(
                _("This is one of the first passwords that are guessed. Take three or four words by chance."),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        """Return the rule, for people."""
        return str(_("Not a common password, and not a name, the portal's or a year with something around it."))


def _is_guessable(password: str, words: Iterable[str]) -> bool:
    if len(set(password)) < _FEWEST_CHARACTERS or any(password in row * 3 or password[::-1] in row * 3 for row in _ROWS):
        return True
    return any(_is_one_thing(spelling, words) for spelling in (password, password.translate(_LETTERS_FOR)))


def _is_one_thing(password: str, words: Iterable[str]) -> bool:
    """Return whether nothing is left, or one common password, when digits, signs, repetitions and known words are taken away."""
    pieces = {piece for piece in re.split(r"[\W\d_]+", password) if piece}
    for word in sorted(words, key=len, reverse=True):
        pieces = {rest for piece in pieces for rest in piece.split(word) if rest}
    left = {_once(piece) for piece in pieces}
    return len("".join(left)) < _SHORTEST_WORD or (len(left) == 1 and left <= _common())


def _once(piece: str) -> str:
    """Return what *piece* is a repetition of."""
    return piece[: (piece * 2).find(piece, 1)]


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def _words_of_the_organisation() -> set[str]:
    named = [settings.PORTAL_SERVICE_NAME, *settings.ALLOWED_HOSTS, settings.DEFAULT_FROM_EMAIL]
    return set(re.split(r"[\W\d_]+", " ".join(named).lower()))


def _words_of(user: AbstractBaseUser | None) -> set[str]:
    names = [str(getattr(user, name, "")) for name in ("username", "first_name", "last_name", "email")] if user else []
    return set(re.split(r"[\W\d_]+", " ".join(names).lower()))
