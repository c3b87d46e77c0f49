"""Who is told of an entry, in a configuration file: people by their user names, and mail addresses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from certificates.models import Certificate
from notices import actions
from notices.models import Contact
from rest.bodies import Properties
from rest.configuration.context import Context
from rest.configuration.sections.parts import Part
from rest.configuration.shape import making


def show(row: Any) -> list[dict[str, str]]:
    """Return the owners and contacts of an entry."""
    found = [_shown(one) for one in row.contacts.all()]
    return sorted(found, key=lambda one: (one.get("person", ""), one.get("address", "")))


def apply(context: Context, row: Certificate, wanted: Any, place: str) -> None:
    """Have those told that a file names, and nobody else.

    :raises Invalid: naming what cannot be
    """
    told = [_told(Properties(one, within=f"{place}.")) for one in wanted]
    there = list(Contact.objects.filter(certificate=row.pk).select_related("person"))
    for gone in there:
        if not any(gone.person == one.get("person") and gone.address == one.get("address", "") for one in told):
            actions.remove_contact(gone, **context.stamp)
    for one in told:
        actions.add_contact(row, **one, **context.stamp)


def _shown(contact: Contact) -> dict[str, str]:
    if contact.person:
        return {"person": contact.person.get_username()}
    return {"address": contact.address, "language": contact.language}


def _told(sent: Properties) -> dict[str, Any]:
    name, address, language = (sent.text(one) for one in ("person", "address", "language"))
    if bool(name) == bool(address):
        sent.refuse("person", _("Name a person or a mail address, one of both."))
    person = User.objects.filter(username=name).first() if name else None
    if name and person is None:
        sent.refuse("person", _("There is nobody of this user name."))
    if address:
        _check_address(sent, address)
    if language not in {"", *dict(settings.LANGUAGES)}:
        sent.refuse("language", _("This language is not known."))
    sent.check()
    return {"person": person} if person else {"address": address, "language": language}


def _check_address(sent: Properties, address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as refusal:
        sent.refuse("address", " ".join(refusal.messages))


def _shape() -> making.Shape:
    """Return what they may look like."""
    about = "Who is told of the entry: people by their user names, others by their addresses."
    return making.several(making.record({name: making.text() for name in ("person", "address", "language")}), about)


CONTACTS = Part(related=("contacts__person",), shape=_shape, blank=list, show=show, apply=apply)
