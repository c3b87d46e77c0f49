"""Moves that wait: which APIs shall present which certificate, and what trying it has shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apis.models import Api
from certificates.models import ClientCertificate
from certificates.rollout.proposals import Proposal, TriedAt, When

if TYPE_CHECKING:
    from django_stubs_ext.db.models.manager import RelatedManager

    from certificates.facts import Facts
    from certificates.models import CertificateVersion


class MoveQuerySet(models.QuerySet["Move"]):
    """Questions that pages ask."""

    def concerning(self, certificate_id: int) -> MoveQuerySet:
        """Return those to an entry, and those of APIs that present it."""
        leaving = Chosen.objects.filter(api__certificate=certificate_id).values("move")
        return self.filter(Q(target=certificate_id) | Q(pk__in=leaving)).order_by("proposed_at")


class Move(Proposal):
    """Some APIs that shall present another certificate, all at one moment."""

    id = models.BigAutoField(primary_key=True)
    target = models.ForeignKey(ClientCertificate, models.CASCADE, related_name="moves", verbose_name=_("client certificate"))
    thumbprint = models.CharField(_("thumbprint"), max_length=40)  # of the version that is compared and tried

    objects = MoveQuerySet.as_manager()

    if TYPE_CHECKING:
        tries: RelatedManager[TriedMove]
        chosen: RelatedManager[Chosen]

    class Meta:
        """What is to be carried out at a moment has one."""

        verbose_name = _("move of APIs")
        verbose_name_plural = _("moves of APIs")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="a_move_has_a_moment_exactly_if_made_at_one",
                condition=Q(when=When.AT, at__isnull=False) | (~Q(when=When.AT) & Q(at__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        """Return where to."""
        return f"{self.target}: {self.pk}"

    def new_try(self, **place: str) -> TriedMove:
        """Return the row, not yet stored, of a try that has not come out yet."""
        return TriedMove(move=self, **place)

    @property
    def version(self) -> CertificateVersion:
        """What the APIs would present."""
        assert self.target.current is not None  # noqa: S101 - an entry is made with its first version
        return self.target.current

    @property
    def path(self) -> list[Facts]:
        """The facts of that certificate and of those above it."""
        return self.version.path

    @property
    def is_stale(self) -> bool:
        """Whether the entry presents another version than the one that was compared and tried."""
        return self.thumbprint != self.version.thumbprint

    def apis(self) -> models.QuerySet[Api]:
        """Return the APIs that shall move."""
        return Api.objects.filter(pk__in=self.chosen.values("api")).order_by("display_name", "name")


class Chosen(models.Model):
    """One API of a move, and how it was when it was chosen: another by now was not what anybody has decided upon."""

    move = models.ForeignKey(Move, models.CASCADE, related_name="chosen", verbose_name=_("move of APIs"))
    api = models.ForeignKey(Api, models.CASCADE, related_name="+", verbose_name=_("API"))
    seen: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        """Each API once."""

        verbose_name = _("chosen API")
        verbose_name_plural = _("chosen APIs")
        constraints: ClassVar = [models.UniqueConstraint(fields=["move", "api"], name="an_api_is_chosen_once")]

    def __str__(self) -> str:
        """Return which API."""
        return str(self.api)

    @staticmethod
    def look_at(api: Api) -> dict[str, Any]:
        """Return what of *api* the decision rests on."""
        seen = {"credentials": api.credentials, "certificate": api.certificate_id, "service_url": api.service_url}
        return seen | ({"stays_with": str(api.stays_with_id)} if api.stays_with_id else {})


class TriedMove(TriedAt):
    """What one API's back end made of the other certificate."""

    move = models.ForeignKey(Move, models.CASCADE, related_name="tries", verbose_name=_("move of APIs"))

    class Meta(TriedAt.Meta):
        """Each place tries once."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["move", "api", "gateway"], name="a_move_is_tried_once_from_each_place")]
