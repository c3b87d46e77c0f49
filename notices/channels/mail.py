"""Mail."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import override

from notices.messages import Message
from notices.models import Outcome
from notices.posting import Undelivered

# RFC 5321, 4.2.3, and RFC 7504: replies to RCPT that are about the mailbox. Others are about the server, or about now: greylisting (450), a
# sign-in that it demands (530), relaying that it denies (554).
_ABOUT_THE_ADDRESS = frozenset({501, 513, 550, 551, 553, 556})


def send(message: Message, address: str) -> None:
    """Hand *message* over to the mail server. Each attempt has the same Message-ID, by which one that comes twice is known.

    :raises Undelivered: if the server does not take it
    """
    if not settings.EMAIL_HOST:
        raise Undelivered(Outcome.NO_MAIL)
    with override(message.language):
        text = render_to_string("notices/mail.txt", {"message": message})
    subject = f"{settings.EMAIL_SUBJECT_PREFIX}{message.title}"
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<{message.id}@{host}>", "Auto-Submitted": "auto-generated"}
    try:
        EmailMessage(" ".join(subject.split()), text, to=[address], headers=headers).send()
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(*(code for code, _words in error.recipients.values())) from error
    except smtplib.SMTPResponseException as error:
        raise Undelivered(Outcome.MAIL_FAILED, f"SMTP {error.smtp_code}") from error
    except smtplib.SMTPException as error:
        raise Undelivered(Outcome.MAIL_FAILED, type(error).__name__) from error
    except TimeoutError as error:
        raise Undelivered(Outcome.TOO_SLOW) from error
    except OSError as error:
        raise Undelivered(Outcome.UNREACHABLE) from error
    except ValueError as error:  # an address that cannot stand in a header
        raise Undelivered(Outcome.BAD_ADDRESS) from error


def _refusal(code: int) -> Undelivered:
    """Return what a server's *code* in answer to the only recipient means."""
    return Undelivered(Outcome.BAD_ADDRESS) if code in _ABOUT_THE_ADDRESS else Undelivered(Outcome.MAIL_FAILED, f"SMTP {code}")
