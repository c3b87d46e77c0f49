"""How log lines are written: plainly, or each as one JSON object, never with characters that deceive whoever reads them. [pure]

Plain lines are for people at a console. As JSON (``PORTAL_LOG_FORMAT=json``) whatever a process says is one object a line, also what does
not come from a logger: what commands print, a refusal to start, a trace.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import ClassVar, TextIO

from portal.characters import shown

PLAIN, JSON = FORMATS = ("plain", "json")
LEVELS = ("debug", "info", "warning", "error")
_FIELDS = {"time", "level", "logger", "message", "process"}  # of each object; with an exception its trace besides


class PlainFormatter(logging.Formatter):
    """Writes out control characters of messages, which may hold names and addresses from outside; traces keep their lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the line."""
        record.message = shown(record.message)
        return super().formatMessage(record)


class JsonFormatter(logging.Formatter):
    """Writes each message as one JSON object.

    :cvar process: which of ours this process is
    """

    process: ClassVar[str] = "manage"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        more = {"time": _written(datetime.fromtimestamp(record.created, UTC)), "logger": record.name}
        if record.exc_info:
            more["exception"] = _shown_lines(self.formatException(record.exc_info))
        return as_object(record.getMessage(), process=self.process, level=record.levelname.lower(), **more)


def as_object(message: str, *, process: str, level: str = "info", **more: str) -> str:
    """Return a message, said now unless *more* tells otherwise, as one line of JSON."""
    told = {"time": _written(datetime.now(UTC)), "level": level, "logger": process, "message": shown(message), "process": process}
    return json.dumps(told | more, ensure_ascii=False)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown_lines(text: str) -> str:
    return "\n".join(shown(line) for line in text.splitlines())


def in_one_object(line: str, *, process: str, level: str = "info") -> str:
    """Return a line that somebody has said as an object, as it is if it is one."""
    try:
        is_one = line.startswith("{") and json.loads(line).keys() >= _FIELDS
    except ValueError:
        is_one = False
    return line if is_one else as_object(line, process=process, level=level)


def call_process(name: str) -> None:
    """Say which of ours this process is."""
    JsonFormatter.process = name


def log_to_standard_error(process: str, *, form: str, level: str) -> None:
    """Let all loggers of a process that knows nothing of Django write to standard error, from *level* on."""
    if form == JSON:
        speak_json(process)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == JSON else PlainFormatter(f"{process}: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])


def speak_json(process: str) -> None:
    """Let whatever this process says from now on be one object a line."""
    call_process(process)
    sys.stdout = Objects(sys.stdout, "info")
    sys.stderr = Objects(sys.stderr, "error")
    sys.excepthook = _tell
    threading.excepthook = lambda about: _tell(about.exc_type, about.exc_value, about.exc_traceback)


class Objects(io.TextIOBase):
    """Standard output or error, of which each line becomes one object."""

    def __init__(self, stream: TextIO, level: str) -> None:
        """Take what writes, and how much it matters what is said there."""
        self._stream = stream
        self._level = level
        self._begun = ""
        self._turn = threading.Lock()

    def write(self, text: str) -> int:
        """Write the lines that are whole; keep what has begun."""
        with self._turn:
            *lines, self._begun = (self._begun + text).split("\n")
            for line in filter(None, lines):
                self._stream.write(in_one_object(line, process=JsonFormatter.process, level=self._level) + "\n")
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Write nothing: a line that has begun waits for its end."""

    def fileno(self) -> int:
        """Return the descriptor behind it."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Tell that nobody reads this at a console."""
        return False


def _tell(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    said = _shown_lines("".join(traceback.format_exception(kind, error, trace)))
    line = as_object(f"{kind.__name__}: {error}", process=JsonFormatter.process, level="critical", logger="python", exception=said)
    sys.stderr.write(f"{line}\n")
