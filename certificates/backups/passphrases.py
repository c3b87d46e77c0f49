"""Where passphrases come from: a file, standard input, or a person at a terminal; never an argument. [pure]"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from certificates.backups.sealed import CannotSeal
from certificates.sealing import Secret


def read(file: Path | None, *, confirm: bool = False) -> Secret:
    """Return the first line of *file*, else of standard input; at a terminal it is asked for.

    :param confirm: whether a person has to type it twice
    :raises CannotSeal: if the two differ, or there is none
    :raises OSError: if *file* cannot be read
    """
    if file is not None:
        text = file.read_text(encoding="utf-8")
    elif not sys.stdin.isatty():
        text = sys.stdin.readline()
    else:
        text = getpass.getpass("Passphrase of the backup: ")
        if confirm and getpass.getpass("Once more: ") != text:
            raise CannotSeal("The two differ.")
    lines = text.splitlines()
    if not lines or not lines[0]:
        raise CannotSeal("There is no passphrase: give it on standard input or with --passphrase-file.")
    return Secret(lines[0].encode())
