"""What was found of versions that does not change with time."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from certificates.models import CertificateVersion


class Diagnosis(models.Model):
    """What was found of one version. Lists are filtered by it; pages judge anew what they show."""

    version = models.OneToOneField(
        CertificateVersion, models.CASCADE, primary_key=True, related_name="diagnosis", verbose_name=_("version")
    )
    judged_by = models.CharField(max_length=16, db_index=True)  # which state of the judgement and its data
    is_doubtful = models.BooleanField(_("may be refused"))  # whatever the date
    issuers_from = models.DateTimeField(null=True)  # the time in which everything that is sent along is valid
    issuers_until = models.DateTimeField(null=True)
    authority = models.CharField(_("authority"), max_length=200, blank=True)  # that ends certificates for clients
    breaks = models.BooleanField(_("breaks at its next renewal"))

    class Meta:
        """Nobody's business but the doctor's."""

        default_permissions = ()
        verbose_name = _("diagnosis")
        verbose_name_plural = _("diagnoses")

    def __str__(self) -> str:
        """Return of which version."""
        return str(self.version)
