"""Back ends, and the passwords that they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from apis.backends.addresses import parsed
from apis.calls import MOST_CONNECT_SECONDS, ProtocolChoice
from apis.models import BESIDE_CERTIFICATE, Api, Credentials, UserAndPassword
from apis.policy.model import CONNECT_SECONDS, Ejection, HealthCheck, Limits, Sharing
from apis.policy.references import names_in
from apis.service_url import is_plain_http
from certificates.authorities.models import Authority
from certificates.models import NAME_MAX_LENGTH, ClientCertificate, valid_name

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

MOST_SECONDS, MOST_FAILURES, MOST_AT_ONCE = 3600, 1000, 65535
DEFAULT_HEALTH_SECONDS, DEFAULT_EJECTION_SECONDS = 10, 30


def _up_to(most: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(1), MaxValueValidator(most)]


class BackEnd(models.Model):
    """A back end. Columns since ``credentials`` have a default in the database: the release before adds rows without them."""

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, unique=True, validators=[valid_name])
    title = models.CharField(_("display name"), max_length=300, blank=True)
    description = models.CharField(_("description"), max_length=2000, blank=True)
    url = models.CharField(_("address"), max_length=2000, db_index=True)  # the first of its addresses
    spelled_url = models.CharField(max_length=2000, blank=True, default="")  # as it was written, if that differs; it means the same
    validate_certificate_chain = models.BooleanField(_("Certificate chain validation"), default=True)
    validate_certificate_name = models.BooleanField(_("Certificate name validation"), default=True)
    certificate = models.ForeignKey(
        ClientCertificate, models.PROTECT, null=True, blank=True, related_name="back_ends", verbose_name=_("client certificate")
    )
    created_at = models.DateTimeField(_("created"))
    revision = models.PositiveIntegerField(default=1, editable=False)

    credentials = models.CharField(
        _("With credentials"), max_length=20, choices=Credentials, default=Credentials.NONE, db_default=Credentials.NONE.value
    )
    trusted_ca = models.TextField(_("trusted authority"), blank=True, default="", db_default="")
    trusted_authority = models.ForeignKey(
        Authority, models.PROTECT, null=True, blank=True, related_name="trusted_for", verbose_name=_("trusted authority")
    )
    protocol = models.CharField(
        _("HTTP to the back end"),
        max_length=5,
        choices=ProtocolChoice,
        default=ProtocolChoice.AUTO,
        db_default=ProtocolChoice.AUTO.value,
    )
    asks_later = models.BooleanField(_("The back end asks for the certificate later (IIS, App Service)"), default=False, db_default=False)
    older_servers = models.BooleanField(_("Allow older servers"), default=False, db_default=False)
    connect_seconds = models.PositiveIntegerField(
        _("Seconds to connect"), default=CONNECT_SECONDS, db_default=CONNECT_SECONDS, validators=_up_to(MOST_CONNECT_SECONDS)
    )

    # {"url", "weight", "priority", "member", "written"}, the first being that of ``url``; empty: that one alone.
    addresses = models.JSONField(_("addresses"), default=list, db_default=models.Value([], models.JSONField()), blank=True)
    health_path = models.CharField(_("Path to ask for"), max_length=1000, blank=True, default="", db_default="")  # empty: nobody asks
    health_seconds = models.PositiveIntegerField(
        _("Seconds between questions"), default=DEFAULT_HEALTH_SECONDS, db_default=DEFAULT_HEALTH_SECONDS, validators=_up_to(MOST_SECONDS)
    )
    eject_after = models.PositiveIntegerField(_("Failed calls in a row"), null=True, blank=True, validators=_up_to(MOST_FAILURES))
    eject_seconds = models.PositiveIntegerField(
        _("Seconds without calls"), default=DEFAULT_EJECTION_SECONDS, db_default=DEFAULT_EJECTION_SECONDS, validators=_up_to(MOST_SECONDS)
    )
    most_connections = models.PositiveIntegerField(_("Connections"), null=True, blank=True, validators=_up_to(MOST_AT_ONCE))
    most_waiting = models.PositiveIntegerField(_("Calls that wait"), null=True, blank=True, validators=_up_to(MOST_AT_ONCE))
    most_calls = models.PositiveIntegerField(_("Calls under way"), null=True, blank=True, validators=_up_to(MOST_AT_ONCE))

    by_url = models.BooleanField(_("by its URL"), default=True, db_default=True)  # also for APIs whose own address lies at its URL
    remarks: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), blank=True
    )  # what a client wrote that is read in another way here, given back as it was
    changed_at = models.DateTimeField(_("changed"), null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("changed by"))

    if TYPE_CHECKING:
        apis: RelatedManager[Api]
        password: BackEndPassword

    class Meta:
        """The table was the REST API's before."""

        db_table = "rest_backend"
        ordering: ClassVar = ["name"]
        verbose_name = _("back end")
        verbose_name_plural = _("back ends")

    def __str__(self) -> str:
        """Return what people read."""
        return self.display_name

    @property
    def display_name(self) -> str:
        """Its title, or else its name."""
        return self.title or self.name

    @property
    def proves_itself_by(self) -> Credentials:
        """How the gateway proves itself there; a row of the release before that has a certificate says nothing else of it."""
        if self.certificate_id and self.credentials not in BESIDE_CERTIFICATE:
            return Credentials.CLIENT_CERTIFICATE
        return Credentials(self.credentials)

    @property
    def is_pool(self) -> bool:
        """Whether its addresses are those of other entries."""
        return any(one.get("member") for one in self.addresses)

    @property
    def members(self) -> list[str]:
        """The names of the entries whose addresses are its own; none unless it is a pool."""
        return [one["member"] for one in self.addresses if one.get("member")]

    @property
    def is_plain_http(self) -> bool:
        """Whether calls are unencrypted."""
        return is_plain_http(self.url)

    @property
    def written_url(self) -> str:
        """Its URL as it was written, where that names values."""
        return self.spelled_url if names_in(self.spelled_url) else self.url

    @property
    def shown_addresses(self) -> list[dict[str, Any]]:
        """Its addresses as rows of a table: ``url``, ``weight``, ``priority``; ``written`` if that names values; ``member`` of a pool."""
        written = {} if self.written_url == self.url else {"written": self.written_url}
        return self.addresses or [{"url": self.url, "weight": 1, "priority": 0, **written}]

    def sharing(self) -> Sharing:
        """Return how calls are shared among its addresses, as a value."""
        return Sharing(
            addresses=tuple(parsed(one) for one in self.shown_addresses),
            health=HealthCheck(path=self.health_path, seconds=self.health_seconds) if self.health_path else None,
            ejection=Ejection(failures=self.eject_after, seconds=self.eject_seconds) if self.eject_after else None,
            limits=Limits(connections=self.most_connections, waiting=self.most_waiting, calls=self.most_calls),
        )


class BackEndPassword(UserAndPassword):
    """User name and sealed password that a back end is shown; a new password is a new row. Its APIs hold copies of it."""

    back_end = models.OneToOneField(BackEnd, models.CASCADE, related_name="password")

    class Meta:
        """Named as people say it."""

        verbose_name = _("password for a back end")
        verbose_name_plural = _("passwords for back ends")

    @property
    def sealed_name(self) -> str:
        """The back end is how pages find it."""
        return f"{self._meta.verbose_name} {self.back_end.name}"
