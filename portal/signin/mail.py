"""Mails about signing in, sent beside the answer."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


def mail_is_set() -> bool:
    """Return whether there is a mail server, so that links can be sent."""
    return bool(settings.EMAIL_HOST)


def send_later(subject_template: str, template: str, context: dict[str, Any], *, to: str) -> None:
    """Render a mail now and send it by a thread of its own; if the mail server refuses, the log says so."""
    subject = " ".join(render_to_string(subject_template, context).split())
    text = render_to_string(template, context)
    threading.Thread(target=_send, args=(subject, text, to), daemon=True, name="mail").start()


def _send(subject: str, text: str, to: str) -> None:
    try:
        send_mail(subject, text, None, [to])
    except OSError as error:  # smtplib's errors, too
        log.error("A mail about a new password could not be sent: %s", type(error).__name__)  # noqa: TRY400 - the answer may name the person
