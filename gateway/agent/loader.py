"""The gateway's own loader: an Envoy is asked whether it takes a certificate (``--mode validate``, 0.04 s), and started for nothing else.

What it reads holds the private key. Arguments and environment are seen in the process list, Envoy reads nothing below /dev, /proc and
/sys (so no inherited pipe and no memory file), and what is deleted from a disk may still lie there. So it reads a pipe that has a name, in
a folder of ours alone: its bytes are never in any file, Envoy opens it once and reads it to its end (seen with strace, Envoy 1.40), and
what a crash leaves behind is a folder with a pipe that holds nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

from django.views.decorators.debug import sensitive_variables
from envoy.config.bootstrap.v3.bootstrap_pb2 import Bootstrap
from envoy.config.cluster.v3.cluster_pb2 import Cluster

from apis.policy.model import Backend, Trust
from certificates.identity import Identity
from certificates.loading import LoaderFailed
from certificates.sealing import Secret
from gateway.agent.envoy import binary
from gateway.compile.backends.tls import transport_socket

log = logging.getLogger(__name__)

_WALL_SECONDS = 10.0  # it takes 0.04; a busy machine may let it wait
_CPU_SECONDS = 5
_MEMORY_BYTES = 512 * 1024 * 1024  # of data. Not of address space: Envoy's allocator reserves gigabytes that it does not use
_QUIET = ("--log-level", "error", "--disable-hot-restart", "--concurrency", "1")
_ANSWER = re.compile(r"error initializing configuration '[^']*': (?P<words>Failed to load [^\n]*)")
_MOST_WORDS = 500
_NOWHERE = Backend(
    scheme="https", host="127.0.0.1", port=1, path="", trust=Trust(validate_chain=False, validate_name=False)
)  # nothing is called


def refusal_of(identity: Identity) -> str:
    """Return the words with which a gateway would refuse to present *identity*; empty if it would not.

    :raises LoaderFailed: if Envoy gives no answer
    """
    return _refusal_of(_configuration(_NOWHERE, identity))


def refusal_of_trust(pem: str) -> str:
    """Return the words with which a gateway would refuse to trust the authorities in *pem*; empty if it would not.

    :raises LoaderFailed: if Envoy gives no answer
    """
    return _refusal_of(_configuration(replace(_NOWHERE, trust=Trust(trusted_ca=pem, validate_name=False)), None))


def _refusal_of(configuration: Secret) -> str:
    try:
        with tempfile.TemporaryDirectory(prefix="loader-") as folder:  # 0700
            return _ask(configuration, Path(folder) / "candidate.pb")
    except (OSError, MemoryError, subprocess.TimeoutExpired) as error:  # not chained: its frames hold the key
        log.error("Envoy could not be asked whether it loads a certificate: %s", type(error).__name__)  # noqa: TRY400 - nor logged
        raise LoaderFailed from None


@sensitive_variables()
def _configuration(backend: Backend, identity: Identity | None) -> Secret:
    """Return what Envoy reads; in a function of its own, because messages print themselves, with the key, in reports of errors."""
    cluster = Cluster(name="candidate", transport_socket=transport_socket(backend, identity, host=backend.host))
    bootstrap = Bootstrap()
    bootstrap.static_resources.clusters.append(cluster)
    return Secret(bootstrap.SerializeToString())


def _ask(configuration: Secret, pipe: Path) -> str:
    """Start an Envoy, hand it *configuration* through *pipe* and return what it refuses with. It is gone when this returns."""
    os.mkfifo(pipe, 0o600)
    with subprocess.Popen(  # noqa: S603 - a fixed command
        [binary(), "--mode", "validate", "--config-path", str(pipe), *_QUIET],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={},
    ) as envoy:
        writer = threading.Thread(target=_hand_over, args=(configuration, pipe), name="loader", daemon=True)
        try:
            _confine(envoy.pid)  # it reads nothing before the writer comes
            writer.start()
            _, said = envoy.communicate(timeout=_WALL_SECONDS)
        finally:
            envoy.kill()
            _let_go(writer, pipe)
    return _understand(envoy.returncode, said.decode(errors="replace"))


def _confine(envoy: int) -> None:
    """Put an Envoy that has yet to read under limits; on Linux, where another process's can be set."""
    if sys.platform != "linux":
        return
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CPU: _CPU_SECONDS,
        resource.RLIMIT_DATA: _MEMORY_BYTES,
    }
    for kind, most in limits.items():
        resource.prlimit(envoy, kind, (most, most))


def _hand_over(configuration: Secret, pipe: Path) -> None:
    """Write *configuration* into *pipe*; waits for its reader, whose end ends this, too."""
    with contextlib.suppress(OSError), pipe.open("wb", buffering=0) as open_pipe:
        open_pipe.write(configuration.value)


def _let_go(writer: threading.Thread, pipe: Path) -> None:
    """End *writer*, which waits still if Envoy never opened the pipe."""
    while writer.is_alive():
        os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
        writer.join(0.01)


def _understand(status: int, said: str) -> str:
    if status == 0:
        return ""
    if found := _ANSWER.search(said):
        return found["words"][:_MOST_WORDS]
    log.error("Envoy ended with status %d when asked whether it loads a certificate, and did not say why.", status)
    raise LoaderFailed
