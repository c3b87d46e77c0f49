"""Slack's incoming webhooks: blocks. Texts are plain, so that names are no markup.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, and its limits: 150 characters in a header, 3000 in
a section, 75 on a button, 50 blocks.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from certificates.sealing import Secret
from notices.channels.answers import by_status as refusal
from notices.channels.cards import MOST_ITEMS, body, cut, lines_of
from notices.messages import Item, Message
from notices.posting import Request

__all__ = ["refusal", "request"]


def request(message: Message, secret: Secret, *, now: datetime) -> Request:  # noqa: ARG001 - as all others
    """Return what is posted."""
    items = [block for item in message.items[:MOST_ITEMS] for block in _item(item)]
    blocks = [{"type": "header", "text": _plain(message.title, 150)}, _section(message.lead), *items]
    if rest := message.rest(MOST_ITEMS):
        blocks.append(_section(rest))
    blocks.append(_button(message.button, message.link))
    return Request(body=body({"text": _escaped(message.title), "blocks": blocks}))


def _item(item: Item) -> list[dict[str, Any]]:
    return [_section(lines_of(item)), _button(item.button, item.link), {"type": "divider"}]


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text, 3000)}


def _button(label: str, link: str) -> dict[str, Any]:
    return {"type": "actions", "elements": [{"type": "button", "text": _plain(label, 75), "url": link}]}


def _plain(text: str, length: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(text, length), "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
