"""Has a child process read a document. [pure]"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from apis.definitions.model import MOST_BYTES, Definition, Problem, Unreadable
from certificates.pfx import UnreadablePfx
from certificates.pfx.limits import WALL_SECONDS
from certificates.pfx.opening import turn

_log = logging.getLogger(__name__)
_COMMAND = [sys.executable, *(["-B"] if sys.dont_write_bytecode else []), "-E", "-s", "-m", "apis.definitions.child"]
_ROOT = Path(__file__).resolve().parent.parent.parent  # where `python -m apis.definitions.child` is found


def open_definition(data: bytes) -> Definition:
    """Return what the document in *data* defines. Takes a third of a second for an ordinary one; other threads go on meanwhile.

    :raises Unreadable: if it cannot be read; its ``problem`` says why
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(Problem.TOO_LARGE)
    try:
        with turn():
            told = json.loads(_ask(data))
    except (UnreadablePfx, OSError, MemoryError) as error:  # no turn, or no room for another process
        raise Unreadable(Problem.BUSY) from error
    except ValueError:  # half an answer: it was ended while it wrote
        raise Unreadable(Problem.TOO_MUCH_WORK) from None
    if problem := told.get("problem"):
        raise Unreadable(Problem(problem), **told["details"])
    if failure := told.get("failure"):
        _log.error("A definition could not be read for a reason nobody expected: %s", failure)
        raise Unreadable(Problem.NO_DEFINITION)
    return Definition.from_json(told["definition"])


def _ask(data: bytes) -> bytes:
    """Start the child, hand it the document and return its answer. It is gone when this returns.

    :raises Unreadable: if it met a limit
    """
    with subprocess.Popen(  # noqa: S603 - a fixed command
        [*_COMMAND, str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_ROOT, env={}
    ) as child:
        try:
            answer, _ = child.communicate(data, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise Unreadable(Problem.TOO_MUCH_WORK) from None
        finally:
            child.kill()
    if child.returncode < 0:  # a limit, or a crash for want of memory
        raise Unreadable(Problem.TOO_MUCH_WORK)
    return answer
