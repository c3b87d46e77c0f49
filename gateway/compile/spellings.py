"""In how many ways a character can be written in a path or query, as regular expressions (RE2) without regard to case. [pure]"""

from __future__ import annotations

PERCENT = "%(?:(?:2|%32)(?:5|%35))*"  # however often it was encoded


def spellings(character: str, *, alike: str = "") -> str:
    """Return an expression for *character* as it is, in every encoding, and for those read *alike*."""
    number = ord(character)
    overlong = (
        bytes([0xC0 | number >> 6, 0x80 | number & 0x3F]),
        bytes([0xE0, 0x80 | number >> 6, 0x80 | number & 0x3F]),
        bytes([0xF0, 0x80, 0x80 | number >> 6, 0x80 | number & 0x3F]),
    )
    encoded = [bytes([number]), *overlong, *(one.encode() for one in alike)]
    unicode = (f"{PERCENT}u{ord(one):04x}" for one in character + alike)
    return "|".join([rf"\x{number:02x}", *map(_encoded, encoded), *unicode])


def percent_encoded(character: str) -> str:
    """Return an expression for *character*, percent-encoded however often."""
    return _encoded(character.encode())


def _encoded(octets: bytes) -> str:
    return "".join(PERCENT + "".join(map(_digit, f"{octet:02x}")) for octet in octets)


def _digit(digit: str) -> str:
    """Return what matches a hexadecimal digit as it is or encoded itself: ``%2%65`` is ``%2e`` to whoever decodes twice."""
    return f"(?:{digit}|{PERCENT}{ord(digit):02x}|{PERCENT}{ord(digit.upper()):02x})"
