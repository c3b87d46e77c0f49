"""How a person stands: role, whether they may sign in, what is known of them; and what differs from before, for the activity log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from portal.activity import differences
from portal.models import Event
from portal.roles import ADMINISTRATORS, Role


def with_roles(people: QuerySet[User]) -> QuerySet[Any]:
    """Add to each person ``role``, the highest they have (a :class:`Role`'s value, empty for none), and ``name``, their user name."""
    administers = Q(is_superuser=True) | Q(_within(ADMINISTRATORS))
    highest = Case(
        When(administers, then=Value(ADMINISTRATORS)),
        *(When(_within(role), then=Value(role)) for role in (Role.PUBLISHER.value, Role.VIEWER.value)),
        default=Value(""),
        output_field=CharField(),
    )
    return people.annotate(role=highest, name=F("username"))


def _within(group: str) -> Exists:
    return Exists(User.groups.through.objects.filter(user_id=OuterRef("pk"), group__name=group))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a person stands at one moment."""

    role: str
    superuser: bool
    active: bool
    name: str
    email: str
    password: str = field(repr=False)  # as it is stored

    @classmethod
    def of(cls, person: User) -> Standing:
        """Return how *person* stands by the database.

        :raises User.DoesNotExist: if they were deleted meanwhile
        """
        now = with_roles(User.objects.all()).get(pk=person.pk)
        return cls(
            role=now.role,
            superuser=now.is_superuser,
            active=now.is_active,
            name=now.get_full_name(),
            email=now.email,
            password=now.password,
        )

    @property
    def manages_people(self) -> bool:
        """Whether links that the person has made are an Administrator's."""
        return self.active and self.role == ADMINISTRATORS

    def may_as_much_as(self, before: Standing) -> bool:
        """Return whether what they may do is what they might do before."""
        return (self.role, self.superuser, self.active) == (before.role, before.superuser, before.active)

    def changes_since(self, before: Standing) -> Iterator[tuple[Event, dict[str, Any]]]:
        """Yield what the log tells of, with its facts; never a password."""
        if self.role != before.role:
            yield Event.PERSON_ROLE_CHANGED, {"old": before.role, "new": self.role}
        if self.superuser != before.superuser:
            yield Event.PERSON_SUPERUSER_GIVEN if self.superuser else Event.PERSON_SUPERUSER_TAKEN, {}
        if self.active != before.active:
            yield Event.PERSON_ACTIVATED if self.active else Event.PERSON_DEACTIVATED, {}
        if self.password != before.password:
            yield Event.PERSON_PASSWORD_SET, {}
        if changes := differences({"name": before.name, "email": before.email}, {"name": self.name, "email": self.email}):
            yield Event.PERSON_CHANGED, {"changes": changes}
