"""The policy of all APIs. Those of APIs and operations are columns of theirs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

MOST_CHARACTERS = 100_000  # of a document

_THE_ONE = 1


class ServicePolicy(models.Model):
    """The document around every API's: one row, once somebody has written it."""

    document = models.TextField(_("policy"), blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True)
    revision = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        """There is one."""

        verbose_name = _("policy of all APIs")
        verbose_name_plural = _("policies of all APIs")

    def __str__(self) -> str:
        """Return what it is about."""
        return self.name

    @property
    def name(self) -> str:
        """What lines of the activity log call it."""
        return "all-apis"

    @classmethod
    def current(cls, *, locked: bool = False) -> ServicePolicy:
        """Return the row; an unsaved one while there is none."""
        rows = cls._default_manager.select_for_update() if locked else cls._default_manager.all()
        return rows.filter(pk=_THE_ONE).first() or cls(pk=_THE_ONE)
