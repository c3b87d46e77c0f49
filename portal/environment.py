"""Reading one setting from the environment, or from the file that ``NAME_FILE`` names."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portal.whole_numbers import whole_number


def read(name: str, default: str = "") -> str:
    """Return the value of *name*: the variable, else the content of the file ``NAME_FILE`` names, else *default*.

    :raises ImproperlyConfigured: if ``NAME_FILE`` names a file that cannot be read, or holds no text
    """
    if name in os.environ:
        return os.environ[name]
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            reason = f"{name}_FILE names {file}, which cannot be read: {error.strerror}."
            raise ImproperlyConfigured(reason) from error
        except UnicodeDecodeError:  # which would show what is in it
            reason = f"{name}_FILE names {file}, which is no text in UTF-8."
            raise ImproperlyConfigured(reason) from None
    return default


def read_list(name: str, default: str = "") -> list[str]:
    """Return the comma-separated values of *name* without blanks."""
    return [part.strip() for part in read(name, default).split(",") if part.strip()]


def read_number(name: str, default: int) -> int:
    """Return *name* as a whole number, 0 or more.

    :raises ImproperlyConfigured: if it is none
    """
    said = read(name, str(default)).strip()
    if (number := whole_number(said)) is None:
        reason = f"{name} must be a whole number, for instance {default}; it is {said!r}."
        raise ImproperlyConfigured(reason)
    return number


def read_choice(name: str, choices: tuple[str, ...], default: str) -> str:
    """Return *name*, one of *choices*.

    :raises ImproperlyConfigured: if it is none of them
    """
    if (said := read(name, default).strip()) not in choices:
        reason = f"{name} must be one of {', '.join(choices)}; it is {said!r}."
        raise ImproperlyConfigured(reason)
    return said


def read_address(name: str, default: str) -> tuple[str, int]:
    """Return *name* (``host:port``, an IPv6 host in brackets) as host and port.

    :raises ImproperlyConfigured: if it is not of that form
    """
    return _address(name, read(name, default), default)


def read_addresses(name: str) -> tuple[tuple[str, int], ...]:
    """Return *name* (``host:port``, several separated by commas) as hosts and ports.

    :raises ImproperlyConfigured: if one of them is not of that form
    """
    return tuple(_address(name, part, "portal.example.com:18000") for part in read_list(name))


def _address(name: str, text: str, example: str) -> tuple[str, int]:
    host, colon, port = text.strip().rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not (bare and colon and port.isascii() and port.isdecimal() and int(port) < 65536):  # noqa: PLR2004 - the highest port
        reason = f"{name} must be host:port, for instance {example or '127.0.0.1:18000'}; it says {text!r}."
        raise ImproperlyConfigured(reason)
    return bare, int(port)


def read_optional_address(name: str) -> tuple[str, int] | None:
    """Return *name* as host and port, ``None`` if it is not set.

    :raises ImproperlyConfigured: if it is not of that form
    """
    return read_address(name, "") if read(name) else None
