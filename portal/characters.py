"""Characters that deceive who reads: controls, those that turn the direction of writing, and those that are not seen. [pure]"""

from __future__ import annotations

import re
import unicodedata

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt) beyond the format characters, and the blank of Braille: not seen.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, formats (the direction of writing), half characters, separators


def deceives(character: str) -> bool:
    """Tell whether a single character is none that is seen as what it is."""
    return unicodedata.category(character) in _CATEGORIES or bool(_UNSEEN.match(character))


def first_deceiving(text: str) -> str:
    """Return the name of the first such character as Unicode numbers it, ``U+202E``; empty if there is none."""
    return next((f"U+{ord(character):04X}" for character in text if deceives(character)), "")


def shown(text: str) -> str:
    """Return *text* on one line, with such characters written out (U+202E as a backslash, u and 202e): for consoles and logs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(character) if deceives(character) else character for character in text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
