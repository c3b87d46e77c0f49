"""The child process that reads one document: ``python -m apis.definitions.child PARENT``, the document on stdin. [pure]

It answers on stdout, in JSON. A document of a few megabytes keeps the interpreter busy for seconds, and the parsers are other
people's: so it is done in a process of its own, confined and limited as the one that opens PFX files.
"""

from __future__ import annotations

import json
import sys
import traceback

from apis.definitions.checking import load_schemas
from apis.definitions.model import Problem, Unreadable
from apis.definitions.reading import read
from certificates.pfx import confinement, limits


def main() -> None:
    """Answer the one request on stdin."""
    load_schemas()
    limits.confine(int(sys.argv[1]))
    confinement.confine()
    sys.stdout.buffer.write(json.dumps(_answer(sys.stdin.buffer.read())).encode())


def _answer(data: bytes) -> dict[str, object]:
    try:
        return {"definition": read(data).as_json()}
    except Unreadable as refusal:
        return {"problem": refusal.problem.value, "details": refusal.details}
    except (MemoryError, RecursionError):
        return {"problem": Problem.TOO_MUCH_WORK.value, "details": {}}
    except BaseException as unexpected:  # noqa: BLE001 - the outermost frame: only places and the type leave it, never values
        places = (f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(unexpected.__traceback__))
        return {"failure": " ".join((type(unexpected).__name__, *places))}


if __name__ == "__main__":
    main()
