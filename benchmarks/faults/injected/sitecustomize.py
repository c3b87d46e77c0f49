"""Lets a thread of the xDS process die: on SIGUSR2 one of those that must not end meets an exception. Python imports this by its name.

A thread cannot be killed from outside; an exception that nobody has thought of is how threads die.
"""

import ctypes
import random
import signal
import sys
import threading

_OURS = ("watch", "status_writer", "source_keeper", "acme_keeper", "rollout_", "notice", "log_keeper", "handshakes-")


def _strike(_number: int, _frame: object) -> None:
    found = [thread for thread in threading.enumerate() if thread.name.startswith(_OURS)]
    thread = random.choice(found)  # noqa: S311 - whichever
    sys.stderr.write(f"An exception is thrown into the thread {thread.name}.\n")
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(MemoryError))


if threading.current_thread() is threading.main_thread() and "xds" in sys.orig_argv:
    signal.signal(signal.SIGUSR2, _strike)
