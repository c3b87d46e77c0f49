"""Regular expressions (RE2) for every way in which callers write a character that a back end reads as the same. [pure]"""

from __future__ import annotations

PERCENT = "%(?:(?:2|%32)(?:5|%35))*"  # however often it was encoded


def spellings(character: str, *, alike: str = "") -> str:
    """Return a regular expression (RE2, case is not told apart) for *character* as it is, in every encoding, and for those read *alike*."""
    number = ord(character)
    overlong = (
        bytes([0xC0 | number >> 6, 0x80 | number & 0x3F]),
        bytes([0xE0, 0x80 | number >> 6, 0x80 | number & 0x3F]),
        bytes([0xF0, 0x80, 0x80 | number >> 6, 0x80 | number & 0x3F]),
    )
    encoded = [bytes([number]), *overlong, *(one.encode() for one in alike)]
    unicode = (f"{PERCENT}u{ord(one):04x}" for one in character + alike)
    return "|".join([rf"\x{number:02x}", *map(percent_encoded_bytes, encoded), *unicode])


def percent_encoded(character: str) -> str:
    """Return a regular expression (RE2, case is not told apart) for *character*, percent-encoded however often."""
    return percent_encoded_bytes(character.encode())


def percent_encoded_bytes(encoded: bytes) -> str:
    """Return a regular expression (RE2, case is not told apart) for *encoded*, each byte percent-encoded however often."""
    return "".join(PERCENT + "".join(map(_digit, f"{byte:02x}")) for byte in encoded)


def _digit(digit: str) -> str:
    """Return what matches a hexadecimal digit as it is or encoded itself: ``%2%65`` is ``%2e`` to whoever decodes twice."""
    return f"(?:{digit}|{PERCENT}{ord(digit):02x}|{PERCENT}{ord(digit.upper()):02x})"
