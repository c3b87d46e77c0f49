"""Named values, plain and secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apis.policy.references import NAME_PATTERN
from certificates.models import NAME_MAX_LENGTH, SealedSecret, valid_name

DISPLAY_NAME_MAX_LENGTH = 256
VALUE_MAX_LENGTH = 4096  # as published
valid_display_name = RegexValidator(rf"^{NAME_PATTERN}\Z", _("Use letters, digits and - . _ only, for instance orders-host."))


class NamedValue(models.Model):
    """A text under a name. A secret's is sealed, in a row of its own."""

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, unique=True, validators=[valid_name])  # in addresses
    display_name = models.CharField(
        _("display name"),
        max_length=DISPLAY_NAME_MAX_LENGTH,
        unique=True,
        validators=[valid_display_name],
        error_messages={"unique": _("Another named value already has this display name.")},
    )  # what {{…}} names
    secret = models.BooleanField(_("secret"), default=False)
    value = models.TextField(_("value"), max_length=VALUE_MAX_LENGTH, blank=True)  # empty if it is a secret
    tags: models.JSONField[list[str], list[str]] = models.JSONField(_("tags"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"))
    changed_at = models.DateTimeField(_("changed"))
    revision = models.PositiveIntegerField(default=1, editable=False)

    if TYPE_CHECKING:
        sealed: NamedSecret

    class Meta:
        """Listed by what is referred to."""

        ordering: ClassVar = ["display_name"]
        verbose_name = _("named value")
        verbose_name_plural = _("named values")
        constraints: ClassVar = [
            models.CheckConstraint(name="a_secret_value_is_not_in_clear", condition=models.Q(secret=False) | models.Q(value=""))
        ]

    def __str__(self) -> str:
        """Return the name that it is referred to by."""
        return self.display_name

    @property
    def reference(self) -> str:
        """What is written where it is used."""
        return f"{{{{{self.display_name}}}}}"

    def text(self) -> str:
        """Return the value, a secret's too.

        :raises certificates.sealing.SealingError: if it does not open
        """
        return self.sealed.unseal().value.decode() if self.secret else self.value


class NamedSecret(SealedSecret):
    """The value of a secret one; a new value is a new row."""

    named_value = models.OneToOneField(NamedValue, models.CASCADE, related_name="sealed")

    class Meta:
        """Named as people say it."""

        verbose_name = _("secret named value")
        verbose_name_plural = _("secret named values")

    def __str__(self) -> str:
        """Return its name."""
        return str(self.named_value)
