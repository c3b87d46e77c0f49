"""How log lines are written: each message on one line, without characters that deceive whoever reads the console."""

from __future__ import annotations

import logging

from portal.characters import shown


class PlainFormatter(logging.Formatter):
    """Writes out control characters of messages, which may hold names and addresses from outside; traces keep their lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the line."""
        record.message = shown(record.message)
        return super().formatMessage(record)


def log_plainly(level: int) -> None:
    """Let all loggers write to standard error, from *level* on."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
