"""Entries of trusted authorities, their versions, and what shall become one. Everything here is public; nothing is sealed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from certificates.authorities.bundle import Bundle, bundle_of
from certificates.facts import Facts
from certificates.models import NAME_MAX_LENGTH, FoldedName, folded, not_reserved, valid_name
from certificates.rollout.models import FINE, Outcome, Proof, When
from certificates.rollout.proposals import Proposal

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from apis.models import Api


class Certificates(models.Model):
    """What certificates of authorities have in common, whether they are trusted or shall be."""

    pem = models.TextField(_("certificates"))  # as APIs hold it
    digest = models.CharField(max_length=64, editable=False)  # of the certificates, in whatever order
    label = models.CharField(_("subject"), max_length=2000)  # of the first of them
    words = models.TextField(editable=False)  # subjects and thumbprints, to be searched
    not_after = models.DateTimeField(_("expires"), db_index=True)  # of the one that ends first

    class Meta:
        """No table of its own."""

        abstract = True

    def hold(self, bundle: Bundle) -> None:
        """Take in *bundle*; the caller saves."""
        self.pem, self.digest, self.label = bundle.pem, bundle.digest, bundle.label
        self.words, self.not_after = bundle.words, bundle.not_after

    @property
    def bundle(self) -> Bundle:
        """What it holds, read."""
        return bundle_of(self.pem)

    @property
    def facts(self) -> tuple[Facts, ...]:
        """The facts of each certificate."""
        return self.bundle.facts

    @property
    def thumbprint(self) -> str:
        """The thumbprint of the first of them."""
        return self.bundle.first.thumbprint

    @property
    def last_four(self) -> str:
        """Its last four characters."""
        return self.thumbprint[-4:]


def holding_words(words: str) -> Q:
    """Return the condition that an entry's name, a subject or a thumbprint in it holds *words*; there, spaces and colons are ignored."""
    found = Q(name__icontains=words) | Q(current__words__icontains=words)
    digits = re.sub(r"[\s:-]", "", words)
    if re.fullmatch(r"[0-9A-Fa-f]{4,64}", digits):
        found |= Q(current__words__icontains=digits)
    return found


class AuthorityQuerySet(models.QuerySet["Authority"]):
    """Questions that pages and notices ask."""

    def named(self, name: str) -> Self:
        """Return the entry of that name, in whatever case."""
        return self.filter(folded_name=folded(name))


class Authority(models.Model):
    """An entry: certificates of authorities under a name. APIs point at it; its current version is what they trust."""

    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, validators=[valid_name, not_reserved])
    folded_name = FoldedName(max_length=3 * NAME_MAX_LENGTH, editable=False, unique=True)
    current = models.OneToOneField(
        "AuthorityVersion",
        models.PROTECT,
        null=True,  # only between the two inserts that make an entry
        related_name="+",
        verbose_name=_("current version"),
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)  # of the current version: equal certificates are one entry
    created_at = models.DateTimeField(_("created"))
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = AuthorityQuerySet.as_manager()

    if TYPE_CHECKING:
        versions: RelatedManager[AuthorityVersion]
        receipts: RelatedManager[AuthorityReceipt]
        trusting: RelatedManager[Api]
        admitting: RelatedManager[Api]

    class Meta:
        """Listed by name."""

        ordering: ClassVar = ["name"]
        verbose_name = _("trusted authority")
        verbose_name_plural = _("trusted authorities")

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class AuthorityVersion(Certificates):
    """Certificates that an entry holds, or held."""

    authority = models.ForeignKey(Authority, models.CASCADE, related_name="versions", verbose_name=_("trusted authority"))
    number = models.PositiveIntegerField(_("version"))
    created_at = models.DateTimeField(_("uploaded"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by"))
    current_since = models.DateTimeField(_("current since"))

    class Meta:
        """A version has a number of its own; the same certificates are one version of an entry."""

        ordering: ClassVar = ["-number"]
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["authority", "number"], name="a_version_of_authorities_has_its_own_number"),
            models.UniqueConstraint(fields=["authority", "digest"], name="equal_authorities_are_one_version"),
        ]

    def __str__(self) -> str:
        """Return how people tell certificates apart."""
        return f"{self.label} — {self.last_four}"


class AuthorityCandidate(Certificates, Proposal):
    """What shall become an entry's current version: compared and tried; nobody is judged by it."""

    authority = models.OneToOneField(Authority, models.CASCADE, related_name="candidate", verbose_name=_("trusted authority"))

    if TYPE_CHECKING:
        tries: RelatedManager[AuthorityTry]

    class Meta:
        """What is to be switched at a moment has one."""

        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="authorities_have_a_moment_exactly_if_switched_at_one",
                condition=Q(when=When.AT, at__isnull=False) | (~Q(when=When.AT) & Q(at__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        """Return how people tell certificates apart."""
        return f"{self.authority} — {self.last_four}"

    @property
    def path(self) -> list[Facts]:
        """Its certificates, the one that ends first before the others: a switch after that end makes no sense."""
        return sorted(self.facts, key=lambda one: one.not_after)

    @property
    def is_accepted(self) -> bool:
        """Whether every back end of the last try is trusted by it; where gateways have tried, what they see decides."""
        if not self.is_tried:
            return False
        tries = list(self.tries.all())
        of_gateways = [one for one in tries if one.gateway]
        return all(one.is_fine for one in of_gateways or tries)

    @property
    def fails(self) -> bool:
        """Whether it is not switched to though it was planned."""
        return bool(self.trouble or (self.when == When.AFTER_TRY and self.is_tried and not self.is_accepted))


class AuthorityTry(models.Model):
    """Whether one API's back end would be trusted by a candidate, as one gateway sees it, or the portal."""

    candidate = models.ForeignKey(AuthorityCandidate, models.CASCADE, related_name="tries", verbose_name=_("candidate"))
    api = models.CharField(_("API"), max_length=NAME_MAX_LENGTH)  # its name
    display_name = models.CharField(_("Web API name"), max_length=300)
    back_end = models.CharField(_("back end"), max_length=300)
    gateway = models.CharField(_("gateway"), max_length=NAME_MAX_LENGTH, blank=True)  # empty: the portal itself
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome, default=Outcome.WAITING)
    reason = models.CharField(_("reason"), max_length=20, blank=True)  # a certificates.authorities.trying.Reason
    said = models.CharField(_("details"), max_length=500, blank=True)  # the library's words
    issuer = models.CharField(_("issuer"), max_length=500, blank=True)  # whom the back end's chain leads to
    milliseconds = models.PositiveIntegerField(_("duration"), default=0)

    class Meta:
        """By API, the portal first."""

        ordering: ClassVar = ["display_name", "api", "gateway", "id"]
        verbose_name = _("try")
        verbose_name_plural = _("tries")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["candidate", "api", "gateway"], name="an_api_tries_authorities_once_from_each_place")
        ]

    def __str__(self) -> str:
        """Return what came out where."""
        return f"{self.api}, {self.gateway or 'portal'}: {self.outcome}"

    @property
    def is_fine(self) -> bool:
        """Whether calls would go on."""
        return self.outcome in FINE


class AuthorityReceipt(Proof):
    """Proof of one switch of an entry (:mod:`.receipts`)."""

    authority = models.ForeignKey(Authority, models.CASCADE, related_name="receipts", verbose_name=_("trusted authority"))

    class Meta(Proof.Meta):
        """As of all."""

    def __str__(self) -> str:
        """Return of which change it is."""
        return f"{self.authority}: {self.change}"
