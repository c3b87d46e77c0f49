"""The mail that brings a link to whoever it is for."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from portal.models import Invitation


def can_mail(invitation: Invitation) -> bool:
    """Return whether there is a mail server, and an address to write to."""
    return bool(settings.EMAIL_HOST and invitation.email)


@sensitive_variables("link", "body")
def send(invitation: Invitation, link: str) -> None:
    """Mail *link*, in the language of whoever made it: that of the reader is not known yet.

    :raises OSError: if the mail server does not take it (``smtplib``'s exceptions are among these)
    """
    subject = _("Choose a new password") if invitation.person else _("You are invited to the publisher portal")
    body = render_to_string("people/invitation_mail.txt", {"invitation": invitation, "link": link})
    EmailMessage(f"{settings.EMAIL_SUBJECT_PREFIX}{subject}", body, to=[invitation.email]).send()
