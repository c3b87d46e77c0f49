"""Mails about signing in, sent beside the answer."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import get_language, override

log = logging.getLogger(__name__)


def mail_is_set() -> bool:
    """Return whether there is a mail server, so that links can be sent."""
    return bool(settings.EMAIL_HOST)


def send_later(subject_template: str, template: str, context: dict[str, Any], *, to: str) -> None:
    """Render and send a mail by a thread of its own, in the language of now; if the mail server refuses, the log says so."""
    templates = (subject_template, template)
    threading.Thread(target=_send, args=(templates, context, get_language(), to), daemon=True, name="mail").start()


def _send(templates: tuple[str, str], context: dict[str, Any], language: str | None, to: str) -> None:
    with override(language):
        subject, text = (render_to_string(template, context) for template in templates)
    try:
        send_mail(" ".join(subject.split()), text, None, [to])
    except OSError as error:  # smtplib's errors, too
        log.error("A mail about a new password could not be sent: %s", type(error).__name__)  # noqa: TRY400 - the answer may name the person
