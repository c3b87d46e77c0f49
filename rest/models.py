"""Who may call the REST API, and what its clients say that the portal has no other place for."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apis.models import Api, KeyKind, Operation, Subscription
from certificates.models import SealedSecret
from portal.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django_stubs_ext.db.models.manager import RelatedManager


class CredentialQuerySet(models.QuerySet[Any]):
    """Questions about credentials."""

    def in_force(self, *, now: datetime) -> CredentialQuerySet:
        """Return those that open something."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True, user__is_active=True)

    def seen_by(self, user: User) -> CredentialQuerySet:
        """Return one's own; whoever manages tokens sees all. The newest first."""
        mine = self if user.has_perm("rest.change_accesstoken") else self.filter(user=user)
        return mine.select_related("user").order_by("-created_at", "-pk")


class Credential(models.Model):
    """Something that lets a program act for a person: with the person's rights, and no more than the role allows."""

    identifier = models.CharField(_("identifier"), max_length=40, unique=True, editable=False)  # public
    name = models.CharField(_("name"), max_length=100)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("acts for"))
    role = models.CharField(_("role"), max_length=20, choices=Role, blank=True)  # empty: whatever the person may
    created_at = models.DateTimeField(_("created"))
    created_by = models.CharField(_("created by"), max_length=150, blank=True)  # a name, which stays; empty: the system, by a command
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)  # to the minute
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        """No table of its own."""

        abstract = True
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        """Return what it is for."""
        return self.name

    @property
    def has_keys(self) -> bool:
        """Whether it is a shared access, whose keys can be shown again."""
        return isinstance(self, SharedAccess)

    def may_be_managed_by(self, user: User) -> bool:
        """Return whether a person may revoke it: its own, or whoever manages tokens."""
        return self.user == user or user.has_perm("rest.change_accesstoken")

    def is_in_force(self, *, now: datetime) -> bool:
        """Return whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class AccessToken(Credential):
    """A bearer token. It is shown once; only its digest is kept, which is enough because it is long and random."""

    digest = models.CharField(max_length=64, unique=True, editable=False)

    class Meta(Credential.Meta):
        """Named as people say it."""

        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")

    @staticmethod
    def digest_of(token: str) -> str:
        """Return the digest that a token is recognised by."""
        return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class SharedAccess(Credential):
    """Two keys, with which older clients sign the identifier as their shared access signature."""

    if TYPE_CHECKING:
        keys: RelatedManager[SharedAccessKey]

    class Meta(Credential.Meta):
        """Named as people say it."""

        verbose_name = _("shared access")
        verbose_name_plural = _("shared accesses")


class SharedAccessKey(SealedSecret):
    """One key of a shared access. The sealed secret is the key, ASCII; it is needed to check signatures. A new key is a new row."""

    access = models.ForeignKey(SharedAccess, models.CASCADE, related_name="keys", verbose_name=_("shared access"))
    kind = models.CharField(_("key"), max_length=10, choices=KeyKind)

    class Meta:
        """One key of each kind."""

        verbose_name = _("shared access key")
        verbose_name_plural = _("shared access keys")
        constraints: ClassVar = [models.UniqueConstraint(fields=["access", "kind"], name="one_access_key_of_each_kind")]

    def __str__(self) -> str:
        """Return which key it is, not the key."""
        return f"{self.access}: {self.get_kind_display()}"


class Remarks(models.Model):
    """What a client said of an entity that has no effect here, such as a contact; kept to be given back as it was.

    A client that compares what it reads with what it wrote would otherwise find a difference for ever.
    """

    api = models.OneToOneField(Api, models.CASCADE, null=True, related_name="remarks")
    operation = models.OneToOneField(Operation, models.CASCADE, null=True, related_name="remarks")
    subscription = models.OneToOneField(Subscription, models.CASCADE, null=True, related_name="remarks")
    properties: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    has_policy = models.BooleanField(default=False)  # a client has put a policy, perhaps one without rules

    class Meta:
        """Remarks are about one entity."""

        verbose_name = _("remarks")
        verbose_name_plural = _("remarks")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="remarks_are_about_one_entity",
                condition=Q(api__isnull=False, operation__isnull=True, subscription__isnull=True)
                | Q(api__isnull=True, operation__isnull=False, subscription__isnull=True)
                | Q(api__isnull=True, operation__isnull=True, subscription__isnull=False),
            )
        ]

    def __str__(self) -> str:
        """Return what they are about."""
        return str(self.api or self.operation or self.subscription)


class Deployment(models.Model):
    """What became of a deployment: told to clients that ask, without templates and secrets."""

    group = models.CharField(max_length=400)  # subscription and resource group as in addresses, in lower case
    name = models.CharField(_("name"), max_length=64)
    properties: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    made_at = models.DateTimeField(_("created"))

    class Meta:
        """One of a name in each group."""

        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "name"], name="a_deployment_has_its_own_name_in_its_group")]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
