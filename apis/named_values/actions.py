"""Changes of named values, which go out at once to whatever uses them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apis.actions import NotOverHttp
from apis.backends.actions import MembersDiffer
from apis.forms import NOT_OVER_HTTP
from apis.models import NamedSecret, NamedValue
from apis.named_values.following import follow, pools_follow
from apis.named_values.settings import Unusable
from apis.named_values.uses import Part, Use, uses_of
from apis.named_values.values import KeptValues, WithValue
from apis.policies.proving import Unsuitable
from apis.policies.words import in_words
from apis.policy import UnreadablePolicy
from apis.policy.proofs import MASK
from apis.policy.references import Values
from apis.service_url import resolving_once
from certificates.sealing import SealingError, Secret
from portal.activity import differences, record
from portal.models import Event

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a named value shall be.

    :ivar value: ``None``: as it is
    """

    display_name: str
    value: Secret | None
    secret: bool = False
    tags: tuple[str, ...] = ()


class InUse(Exception):
    """Documents or settings name the value, so that it can neither go nor be called otherwise.

    :ivar uses: which
    """

    def __init__(self, uses: list[Use]) -> None:
        """Hold the uses."""
        super().__init__(", ".join(use.words for use in uses))
        self.uses = uses


class Unfit(Exception):
    """What names the value cannot be taken with the new one.

    :ivar use: which
    :ivar reason: why, in a sentence
    """

    def __init__(self, use: Use, reason: str) -> None:
        """Hold the use and the reason."""
        super().__init__(f"{use.words}: {reason}")
        self.use = use
        self.reason = reason

    @property
    def sentence(self) -> str:
        """What is wrong, for whoever changes the value."""
        words = (
            _("The policy of %(use)s cannot be taken with it. %(reason)s")
            if self.use.part is Part.POLICY
            else _("%(use)s cannot be taken with it. %(reason)s")
        )
        return words % {"use": self.use.words, "reason": self.reason}


class Taken(Exception):
    """Another named value has the name or the display name.

    :ivar field: which of them
    """

    def __init__(self, field: str) -> None:
        """Hold which."""
        super().__init__(f"Another named value has this {field}.")
        self.field = field


class EditedMeanwhile(Exception):
    """Somebody else saved the value after the editor had opened it."""


@transaction.atomic
@sensitive_variables("chosen")
def create(name: str, chosen: Chosen, *, by: User | None, now: datetime) -> NamedValue:
    """Keep a value under a name.

    :raises Taken: if another one has the name or the display name
    """
    value = NamedValue(name=name, created_at=now, changed_at=now, revision=0)
    _store(value, chosen, now=now)
    changes = differences({}, facts_of(value), hidden={"value": value.secret})
    record(Event.NAMED_VALUE_CREATED, value, by=by, at=now, changes=changes, **_named(value))
    return value


@transaction.atomic
@sensitive_variables("chosen", "before")
def change(value: NamedValue, chosen: Chosen, *, revision: int | None = None, by: User | None, now: datetime) -> NamedValue:
    """Change a value, and bring what uses it up to date.

    :param revision: the revision the editor saw; ``None`` skips the check
    :raises EditedMeanwhile: if it has another revision by now
    :raises Taken: if another one has the display name
    :raises InUse: if it is to be called otherwise while it is used
    :raises Unfit: if what uses it cannot be taken with the new value
    """
    value = NamedValue.objects.select_for_update().get(pk=value.pk)
    if revision is not None and value.revision != revision:
        raise EditedMeanwhile
    uses = uses_of(value)
    if uses and chosen.display_name != value.display_name:
        raise InUse(uses)
    before, text = facts_of(value), _text_if_it_opens(value, chosen)
    _store(value, chosen, now=now)
    is_other = value.text() != text or value.secret != before["secret"]
    hidden = {"value": is_other and bool(value.secret or before["secret"])}
    record(Event.NAMED_VALUE_CHANGED, value, by=by, at=now, changes=differences(before, facts_of(value), hidden=hidden), **_named(value))
    if is_other:
        with resolving_once():
            _bring_up_to_date(uses, WithValue(KeptValues(), value.display_name, MASK if text is None else text), by=by, now=now)
    return value


def _text_if_it_opens(value: NamedValue, chosen: Chosen) -> str | None:
    """Return the text of *value*; ``None`` for a damaged one that another shall take the place of.

    :raises certificates.sealing.SealingError: if a damaged one is to be kept
    """
    try:
        return value.text()
    except SealingError:
        if chosen.value is None:
            raise
        return None


@transaction.atomic
def delete(value: NamedValue, *, by: User | None, now: datetime) -> None:
    """Forget a value.

    :raises InUse: if documents or settings name it
    """
    value = NamedValue.objects.select_for_update().get(pk=value.pk)
    if uses := uses_of(value):
        raise InUse(uses)
    record(Event.NAMED_VALUE_DELETED, value, by=by, at=now, changes=differences(facts_of(value), {}), **_named(value))
    value.delete()


def show(value: NamedValue, *, by: User | None, now: datetime) -> Secret:
    """Return the text of a value; of a secret's, a line tells who has seen it.

    :raises certificates.sealing.SealingError: if it does not open
    """
    if value.secret:
        record(Event.NAMED_VALUE_SHOWN, value, by=by, at=now)
    return Secret(value.text().encode())


def _named(value: NamedValue) -> dict[str, str]:
    """Return what the gateways' configuration follows lines by: the name that documents have."""
    return {"reference": value.display_name}


def facts_of(value: NamedValue) -> dict[str, Any]:
    """Return what the activity log tells of a value: of a secret one, not what it is."""
    return {name: getattr(value, name) for name in ("display_name", "secret", "value", "tags")}


@sensitive_variables("chosen", "text")
def _store(value: NamedValue, chosen: Chosen, *, now: datetime) -> None:
    text = chosen.value.value.decode() if chosen.value else value.text()
    value.display_name, value.secret, value.tags = chosen.display_name, chosen.secret, list(chosen.tags)
    value.value = "" if chosen.secret else text
    value.changed_at = now
    value.revision += 1
    _save(value)
    NamedSecret.objects.filter(named_value=value).delete()
    if chosen.secret:
        sealed = NamedSecret(named_value=value)
        sealed.seal(Secret(text.encode()))
        sealed.save()
        value.sealed = sealed


def _save(value: NamedValue) -> None:
    try:
        with transaction.atomic():
            value.save()
    except IntegrityError as error:
        rivals = NamedValue.objects.exclude(pk=value.pk)
        for field in ("name", "display_name"):
            if rivals.filter(**{field: getattr(value, field)}).exists():
                raise Taken(field) from error
        raise


def _bring_up_to_date(uses: list[Use], before: Values, *, by: User | None, now: datetime) -> None:
    for step in (partial(follow, before=before), pools_follow):
        for use in uses:
            try:
                step(use, by=by, now=now)
            except UnreadablePolicy as refusal:
                raise Unfit(use, in_words(refusal.sentence)) from refusal
            except (Unsuitable, Unusable, MembersDiffer) as refusal:
                raise Unfit(use, str(refusal)) from refusal
            except NotOverHttp as refusal:
                raise Unfit(use, str(NOT_OVER_HTTP)) from refusal
