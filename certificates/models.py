"""Certificate entries and their versions; private keys only in sealed form."""

from __future__ import annotations

import base64
import logging
import re
import unicodedata
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certificates import doubts
from certificates.facts import Facts
from certificates.identity import Identity
from certificates.judgement import Purpose, doubts_of
from certificates.keyring import keyring
from certificates.pfx.model import Aside
from certificates.sealing import KeyRing, Sealed, SealingError, Secret

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from apis.models import Api
    from certificates.rollout.models import Receipt

    _Text = models.CharField[str, str]
else:
    _Text = models.CharField

log = logging.getLogger(__name__)

# Names stand in addresses and, as ids, in the REST API: what Azure's clients send and must be refused. Browsers resolve . and ..
NAME_MAX_LENGTH = 80
NAME_PATTERN = r"(?!\.{1,2}(?:/|\Z))[^*#&+:<>?/\s\x00-\x1f][^*#&+:<>?/\x00-\x1f]{0,79}"
valid_name = RegexValidator(rf"^{NAME_PATTERN}\Z", _("Use 1 to 80 characters, and none of * # & + : < > ? /"))

RESERVED_NAMES = frozenset({"request", "upload", "watch"})  # the addresses of other pages
not_reserved = RegexValidator(
    rf"^({'|'.join(sorted(RESERVED_NAMES))})\Z", _("This name is an address of the portal itself."), inverse_match=True, flags=re.IGNORECASE
)

EXPIRES_SOON = timedelta(days=30)


class SealedSecret(models.Model):
    """A row that holds one secret, sealed. Its id is random and known before the row is written, and so is its context."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ring_key = models.CharField(max_length=12, editable=False, db_index=True)
    wrapped_key = models.BinaryField()
    ciphertext = models.BinaryField()

    class Meta:
        """No table of its own."""

        abstract = True

    @property
    def sealing_context(self) -> bytes:
        """What the sealed value is bound to: table and row (a new version of a secret is a new row)."""
        return f"{self._meta.db_table}/{self.id}".encode()

    def seal(self, secret: Secret) -> None:
        """Put *secret* into this row, under the newest key."""
        self._hold(keyring().seal(secret, context=self.sealing_context))

    def unseal(self) -> Secret:
        """Return the secret.

        :raises certificates.sealing.SealingError: if the ring lacks its key, or it was tampered with; names this row
        """
        try:
            return self.unseal_with(keyring())
        except SealingError as error:
            error.row = self.sealed_name
            raise

    def unseal_with(self, ring: KeyRing) -> Secret:
        """Return the secret, opened with another ring than the portal's.

        :raises certificates.sealing.SealingError: if *ring* lacks its key, or it was tampered with
        """
        return ring.unseal(self._sealed(), context=self.sealing_context)

    def opened(self) -> Secret | None:
        """Return the secret; ``None`` if it does not open, which the log then says: for whom other secrets will do."""
        try:
            return self.unseal()
        except SealingError as error:
            log.error("%s", error)  # noqa: TRY400 - the sentence says it all
            return None

    @property
    def sealed_name(self) -> str:
        """What the secret is, in words that find it in the portal."""
        return f"{self._meta.verbose_name} {self}"

    def rewrap(self) -> None:
        """Bring the row under the newest key; the caller saves."""
        self._hold(keyring().rewrap(self._sealed(), context=self.sealing_context))

    def _sealed(self) -> Sealed:
        return Sealed(ring_key=self.ring_key, wrapped_key=bytes(self.wrapped_key), ciphertext=bytes(self.ciphertext))

    def _hold(self, sealed: Sealed) -> None:
        self.ring_key, self.wrapped_key, self.ciphertext = sealed.ring_key, sealed.wrapped_key, sealed.ciphertext


class SealedText(SealedSecret):
    """A secret of another room, which holds its id (:mod:`certificates.sealed_texts`)."""

    class Meta:
        """Nobody reads it but that room."""

        verbose_name = _("sealed text")
        verbose_name_plural = _("sealed texts")

    def __str__(self) -> str:
        """Return its id."""
        return str(self.pk)


def holding_words(words: str, *, of: str = "") -> Q:
    """Return the condition that an entry's name, subject (or what stands for it) or thumbprint (SHA-1 or SHA-256) holds *words*.

    Invisible characters that Windows' certificate dialog adds are ignored, in a thumbprint also spaces and colons. Fewer than
    four digits are no part of a thumbprint: four are what people tell certificates apart by.

    :param of: how the rows that are filtered lead to the entry, with two underscores at the end; empty: they are entries
    """
    seen = "".join(character for character in words if unicodedata.category(character) not in {"Cf", "Cc"}).strip()
    found = Q(**{f"{of}name__icontains": seen}) | Q(**{f"{of}current__label__icontains": seen})
    digits = re.sub(r"[\s:-]", "", seen).upper()
    if re.fullmatch(r"[0-9A-F]{4,64}", digits):
        found |= Q(**{f"{of}current__thumbprint__contains": digits}) | Q(**{f"{of}current__thumbprint_sha256__contains": digits})
    return found


def folded(name: str) -> str:
    """Return what the spellings of one entry name have in common: names are compared without regard to case, in any script."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class FoldedName(_Text):
    """A column that follows ``name``, folded. The database itself folds ASCII only (SQLite), or by its locale (PostgreSQL)."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:  # noqa: ARG002 - Django's signature
        """Return the value to store, also where many rows are written at once."""
        value = folded(model_instance.name)  # type: ignore[attr-defined]  # only entries have this column
        setattr(model_instance, self.attname, value)
        return value


class Kind(models.TextChoices):
    """To whom the gateway shows a certificate."""

    CLIENT = "client", _("client certificate")  # to back ends, where it is the client
    SERVER = "server", _("server certificate")  # to its callers, as the server of a host name


E = TypeVar("E", bound="Certificate")


class CertificateQuerySet(models.QuerySet[E]):
    """Questions that pages and notices ask."""

    def named(self, name: str) -> Self:
        """Return the entry of that name, in whatever case."""
        return self.filter(folded_name=folded(name))

    def with_current(self) -> Self:
        """Fetch what the current version is told apart by."""
        heavy = (f"current__{field}" for field in ("der", "chain", "wrapped_key", "ciphertext"))  # rows are sorted faster without
        return self.select_related("current").defer(*heavy)


class ClientCertificateQuerySet(CertificateQuerySet["ClientCertificate"]):
    """The same, and where they are used."""

    def with_use(self) -> Self:
        """Annotate each with ``used_by``, the number of APIs that present it, and fetch what its current version is told apart by."""
        apis = self.model._meta.get_field("apis").related_model  # an app above this one
        uses = apis._default_manager.filter(certificate=OuterRef("pk")).order_by().values("certificate")
        counted = Coalesce(Subquery(uses.annotate(number=Count("pk")).values("number")), 0)
        return self.with_current().annotate(used_by=counted)


class ServerCertificateQuerySet(CertificateQuerySet["ServerCertificate"]):
    """The same."""


class _OfKind(models.Manager[E]):
    """The entries of the model's kind."""

    def get_queryset(self) -> models.QuerySet[E]:
        return super().get_queryset().filter(kind=self.model.KIND)


class Certificate(models.Model):
    """A certificate entry. What uses it points at the entry; its current version is what the gateway shows."""

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CLIENT, db_default=Kind.CLIENT, editable=False)
    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, validators=[valid_name, not_reserved])
    folded_name = FoldedName(max_length=3 * NAME_MAX_LENGTH, editable=False)  # ß folds to ss, ΐ to three characters
    current = models.OneToOneField(
        "CertificateVersion",
        models.PROTECT,
        null=True,  # only between the two inserts that make an entry
        related_name="+",
        verbose_name=_("current version"),
    )
    # While a switch goes in steps (certificates.rollout.steps): the API that presents a version ahead of the others, and that version.
    canary = models.CharField(_("canary"), max_length=NAME_MAX_LENGTH, blank=True, default="", db_default="", editable=False)
    ahead = models.ForeignKey(
        "CertificateVersion", models.SET_NULL, null=True, related_name="+", editable=False, verbose_name=_("version ahead")
    )
    created_at = models.DateTimeField(_("created"))
    revision = models.PositiveIntegerField(default=1, editable=False)

    KIND: Kind  # of each kind's own model

    if TYPE_CHECKING:
        versions: RelatedManager[CertificateVersion]
        receipts: RelatedManager[Receipt]

    class Meta:
        """Entries are listed by name; within a kind a name is unique."""

        ordering: ClassVar = ["name"]
        db_table = "certificates_clientcertificate"  # from when there was one kind; sealed values are not bound to it
        default_permissions = ()  # each kind has its own
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "folded_name"], name="a_name_is_unique_within_its_kind")]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def presented_by(self, api: str) -> CertificateVersion | None:
        """Return the version that the API of this name presents: the current one, but for the canary of a switch that goes in steps."""
        return self.ahead if self.ahead_id and self.canary == api else self.current


class ClientCertificate(Certificate):
    """What the gateway presents to back ends."""

    KIND = Kind.CLIENT

    objects = _OfKind.from_queryset(ClientCertificateQuerySet)()  # type: ignore[misc]  # the common table has one for all

    if TYPE_CHECKING:
        apis: RelatedManager[Api]  # type: ignore[misc]  # of this kind alone

    class Meta:
        """Of the common table."""

        proxy = True
        verbose_name = _("client certificate")
        verbose_name_plural = _("client certificates")


class ServerCertificate(Certificate):
    """What the gateway shows to callers of the host names in it."""

    KIND = Kind.SERVER

    objects = _OfKind.from_queryset(ServerCertificateQuerySet)()  # type: ignore[misc]  # the common table has one for all

    class Meta:
        """Of the common table."""

        proxy = True
        verbose_name = _("server certificate")
        verbose_name_plural = _("server certificates")


class KeyDestroyed(SealingError):
    """The private key of a version was destroyed; what is sealed in its place is empty."""

    def __init__(self, row: str) -> None:
        """Hold what the key belonged to."""
        super().__init__("Its private key was destroyed.")
        self.row = row


class CertificateVersion(SealedSecret):
    """One key pair of an entry. The sealed secret is the private key, PKCS#8 DER; empty once it was destroyed."""

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="versions", verbose_name=_("certificate"))
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CLIENT, db_default=Kind.CLIENT, editable=False)  # its entry's
    number = models.PositiveIntegerField(_("version"))
    der = models.BinaryField()
    chain: models.JSONField[list[str], list[str]] = models.JSONField(default=list)  # base64 DER, the issuer of the leaf first
    thumbprint = models.CharField(_("thumbprint"), max_length=40, db_index=True)
    thumbprint_sha256 = models.CharField(_("SHA-256 thumbprint"), max_length=64, db_index=True)
    aside: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(default=list)  # what the file held besides
    label = models.CharField(
        _("subject"), max_length=2000
    )  # the subject; where it is empty, the first alternative name or the entry's name
    subject = models.CharField(_("subject"), max_length=2000)
    issuer = models.CharField(_("issuer"), max_length=2000)
    serial = models.CharField(_("serial number"), max_length=80)
    key_type = models.CharField(_("key type"), max_length=40)
    not_before = models.DateTimeField(_("valid from"))
    not_after = models.DateTimeField(_("expires"), db_index=True)
    created_at = models.DateTimeField(_("uploaded"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by"))
    current_since = models.DateTimeField(
        null=True, default=timezone.now, editable=False
    )  # which one stands in is told by it; None: never was
    current_until = models.DateTimeField(null=True, editable=False)  # None: it is current, or was before this was noted
    destroyed_at = models.DateTimeField(_("key destroyed"), null=True, blank=True)
    destroyed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("key destroyed by")
    )

    class Meta:
        """A version has a number of its own; a certificate is uploaded once for each kind."""

        ordering: ClassVar = ["-number"]
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["certificate", "number"], name="a_version_has_its_own_number"),
            models.UniqueConstraint(fields=["kind", "thumbprint_sha256"], name="a_certificate_is_uploaded_once_for_each_kind"),
        ]

    def __str__(self) -> str:
        """Return how people tell certificates apart."""
        return f"{self.subject} — {self.last_four}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the row; the key must have been sealed."""
        if not self.ciphertext:
            reason = "A version is stored with its private key sealed."
            raise ValueError(reason)
        super().save(*args, **kwargs)

    @property
    def sealed_name(self) -> str:
        """Entry and number: they are how pages name it."""
        return f"{Kind(self.kind).label} {self.certificate}, {self._meta.verbose_name} {self.number}"

    @property
    def last_four(self) -> str:
        """The last four characters of the thumbprint."""
        return self.thumbprint[-4:]

    @property
    def chain_der(self) -> tuple[bytes, ...]:
        """The certificates above it, DER, the issuer of the leaf first."""
        return tuple(base64.b64decode(one) for one in self.chain)

    @property
    def path(self) -> list[Facts]:
        """The facts of the certificate and of those above it, as they are sent."""
        return [Facts.of(der) for der in (bytes(self.der), *self.chain_der)]

    @property
    def left_aside(self) -> list[Aside]:
        """What the file held besides, and is not sent."""
        return [Aside.from_json(one) for one in self.aside]

    def doubts(self, *, now: datetime) -> list[str]:
        """Return why whoever it is shown to may refuse it, in sentences."""
        purpose = Purpose(self.kind)
        return [doubts.sentence(doubt, purpose) for doubt in doubts_of(self.path, purpose, now=now)]

    def identity(self) -> Identity:
        """Return what the gateway shows: chain and unsealed private key.

        :raises certificates.sealing.SealingError: if its key was destroyed, the ring lacks the row's key, or the row was tampered with
        """
        if self.destroyed_at:
            raise KeyDestroyed(self.sealed_name)
        return Identity.of(bytes(self.der), self.chain_der, self.unseal())


class ExpiryNotice(models.Model):
    """What the command of earlier releases has told: read once when the room of notices begins, and kept as long as those may run."""

    version = models.ForeignKey(CertificateVersion, models.CASCADE, related_name="notices", verbose_name=_("version"))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    days = models.PositiveSmallIntegerField(_("days"))
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        """Nobody is told twice."""

        verbose_name = _("expiry notice")
        verbose_name_plural = _("expiry notices")
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "person", "days"], name="a_notice_is_sent_once")]

    def __str__(self) -> str:
        """Return who was told of what."""
        return f"{self.version}: {self.person}, {self.days}"


class ActivityKey(SealedSecret):
    """A key that the activity log is sealed with (:mod:`portal.activity.chain`). A second one only where the first was damaged."""

    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Nobody's business but the log's."""

        default_permissions = ()
        verbose_name = _("key of the activity log")
        verbose_name_plural = _("keys of the activity log")

    def __str__(self) -> str:
        """Return which one it is."""
        return str(self.id)
