"""Confines the child that opens one PFX file: whoever takes it over by the file finds no network, no file, nobody to signal. [pure]

Three measures of Linux, each as far as the kernel offers it. The limits on what it may cost are in :mod:`certificates.pfx.limits`.

- Landlock: no file but the libraries Python may still load, and those to read only; no TCP; no signal to others; no abstract socket.
- seccomp: a list of the system calls that reading, thinking and answering take; every other is refused (EPERM), so no socket of any
  kind, no new process or program, no signal, no look into another process.
- namespaces: a network without a device, and a user without a right over anything.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

LANDLOCK, SECCOMP, NAMESPACES = "Landlock", "seccomp", "namespaces"
MEASURES = (LANDLOCK, SECCOMP, NAMESPACES)

_LIBC = ctypes.CDLL(None, use_errno=True)

# linux/prctl.h
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38

# linux/sched.h
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000

# linux/landlock.h; the numbers of its system calls are the same on every architecture
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _RULE_PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_HANDLED_FILES = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}  # by version of the interface: all there is to refuse
_HANDLED_NETWORK = {4: 0x3}  # bind and connect, TCP
_SCOPED = {6: 0x3}  # abstract sockets, signals

# linux/audit.h, asm/unistd.h: name → number on x86_64, on aarch64 (which lacks the older ones)
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_CALLS: dict[str, tuple[int, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "access": (21, None),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "uname": (63, 160),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "gettimeofday": (96, 169),
    "sysinfo": (99, 179),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "getdents64": (217, 61),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "newfstatat": (262, 79),
    "readlinkat": (267, 78),
    "faccessat": (269, 48),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "statx": (332, 291),
    "rseq": (334, 293),
    "faccessat2": (439, 439),
}
_OPENING: dict[str, tuple[tuple[int, int | None], int]] = {"open": ((2, None), 1), "openat": ((257, 56), 2)}  # and which argument is how
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

# linux/filter.h, linux/seccomp.h
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # EPERM
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("statements", ctypes.c_char_p))


def confine() -> tuple[str, ...]:
    """Confine this process for good, as far as the kernel offers it; return which :data:`MEASURES` it got."""
    if sys.platform != "linux":
        return ()
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # others of the same user cannot look into it either
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return ()
    steps = ((NAMESPACES, _leave_namespaces), (LANDLOCK, _close_files), (SECCOMP, _close_system_calls))
    got = {name for name, step in steps if step()}
    return tuple(name for name in MEASURES if name in got)


def _leave_namespaces() -> bool:
    return not _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC)


def _close_files() -> bool:
    """Restrict this process by Landlock; return whether the kernel has it."""
    version = _LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    attributes = struct.pack("=QQQ", *(_newest(known, version) for known in (_HANDLED_FILES, _HANDLED_NETWORK, _SCOPED)))
    ruleset = _LIBC.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    try:
        for folder in _libraries():
            _allow_reading(ruleset, folder)
        return not _LIBC.syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _newest(known: dict[int, int], version: int) -> int:
    """Return what the newest interface up to *version* adds up to; 0 if there is none yet."""
    return next((known[one] for one in sorted(known, reverse=True) if one <= version), 0)


def _libraries() -> set[str]:
    """Return the folders from which Python may load something still, now or for an unusual file."""
    paths = sysconfig.get_paths()
    ours = Path(__file__).resolve().parent.parent
    return {str(ours), *(paths[name] for name in ("stdlib", "purelib", "platlib")), "/lib", "/lib64", "/usr/lib", "/usr/lib64"}


def _allow_reading(ruleset: int, folder: str) -> None:
    with contextlib.suppress(OSError):  # not every system has each
        opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        try:
            _LIBC.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", _READ_FILE | _READ_DIR, opened), 0)
        finally:
            os.close(opened)


def _close_system_calls() -> bool:
    """Restrict this process by seccomp; return whether the kernel has it and we know the architecture's numbers."""
    if (known := _ARCHITECTURES.get(platform.machine())) is None or sys.maxsize < 2**32:
        return False
    program = b"".join(_statements(*known))
    return not _LIBC.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(_Program(len(program) // 8, program)), 0, 0)


def _statements(architecture: int, column: int) -> Iterator[bytes]:
    """Give the filter: refuse what is of another architecture, allow what is listed and what only reads, refuse the rest."""
    yield _statement(_LOAD, _ARCHITECTURE)
    yield _statement(_EQUAL, architecture, if_true=1)
    yield _statement(_RETURN, _REFUSE)
    yield _statement(_LOAD, _NUMBER)
    for numbers in _CALLS.values():
        if (number := numbers[column]) is not None:
            yield _statement(_EQUAL, number, if_false=1)
            yield _statement(_RETURN, _ALLOW)
    for numbers, argument in _OPENING.values():
        if (number := numbers[column]) is not None:
            yield _statement(_EQUAL, number, if_false=4)
            yield _statement(_LOAD, _ARGUMENTS + 8 * argument)  # the lower half, on both architectures
            yield _statement(_ANY_BIT, _WRITING, if_true=1)
            yield _statement(_RETURN, _ALLOW)
            yield _statement(_RETURN, _REFUSE)
    yield _statement(_RETURN, _REFUSE)


def _statement(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
