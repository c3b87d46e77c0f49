"""What opening one file may cost, enforced by the operating system on the child that does it. [pure]"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

CPU_SECONDS = 8  # an ordinary file takes 0.15; RSA 8192, or the most key derivation that is let through, about 4 on a slow core
WALL_SECONDS = 30.0
MEMORY_BYTES = 768 * 1024 * 1024  # address space; Python with cryptography loaded needs about 200 MB of it
NICENESS = 10  # a tenth of the weight of others: the gateway goes first, and an upload still ends soon on a busy machine
_PR_SET_PDEATHSIG = 1


def confine(parent: int) -> None:
    """Put this process under the limits, and let it die with *parent*, the process that started it.

    :raises SystemExit: if the parent is gone already
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(PermissionError):  # a supervisor may have made it lower still
        os.nice(NICENESS)
    if os.getppid() != parent:  # it ended before the signal was asked for
        sys.exit(1)
