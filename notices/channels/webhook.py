"""A webhook of one's own: JSON, signed over moment and body (HMAC-SHA256), so that a receiver knows whence it comes and that it is new."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from certificates.sealing import Secret
from notices.channels.answers import by_status as refusal
from notices.channels.cards import body
from notices.messages import Message
from notices.posting import Request

__all__ = ["refusal", "request", "signature_of"]


def request(message: Message, secret: Secret, *, now: datetime) -> Request:
    """Return what is posted."""
    content = body(
        {
            "id": str(message.id),
            "type": message.type.value,
            "at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "title": message.title,
            "link": message.link,
            "notices": [item.data for item in message.items],
        }
    )
    moment = str(int(now.timestamp()))
    headers = {
        "X-Portal-Delivery": str(message.id),
        "X-Portal-Timestamp": moment,
        "X-Portal-Signature": f"sha256={signature_of(content, moment, secret)}",
    }
    return Request(body=content, headers=headers)


def signature_of(content: bytes, moment: str, secret: Secret) -> str:
    """Return the HMAC-SHA256 over *moment*, a dot and *content*, in hexadecimal digits."""
    return hmac.new(secret.value, moment.encode() + b"." + content, hashlib.sha256).hexdigest()
