"""The icons of the package heroicons, its archive read once: the functions of the package open it anew for each icon."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from importlib.resources import files
from io import BytesIO
from zipfile import ZipFile

_STYLE = "outline/"
# What HTML does not need, and what the style sheet says of all icons.
_SAID_ELSEWHERE = re.compile(
    r' (?:xmlns="[^"]*"|fill="none"|stroke(?:-width)?="(?:currentColor|1\.5)"|stroke-line(?:cap|join)="round")'
    r"|(?<=>)\s+(?=<)|\s+(?=/>)|\s+$"
)


@functools.cache
def outlines() -> Mapping[str, str]:
    """Return the SVG markup of every icon, by its name."""
    with ZipFile(BytesIO((files("heroicons") / "heroicons.zip").read_bytes())) as archive:
        names = [name for name in archive.namelist() if name.startswith(_STYLE) and name.endswith(".svg")]
        return {name.removeprefix(_STYLE).removesuffix(".svg"): archive.read(name).decode() for name in names}


@functools.cache
def drawn(name: str, size: int) -> str:
    """Return the icon *name*, *size* pixels wide, as lightly as can be: a page has dozens.

    :raises KeyError: there is no such icon
    """
    return _SAID_ELSEWHERE.sub("", outlines()[name].replace("<svg ", f'<svg class="icon" width="{size}" ', 1))
