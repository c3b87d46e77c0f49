"""The gateway's own loader, asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from certificates.identity import Identity
from certificates.sealing import Secret
from gateway.agent import envoy

_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"


def loads(folder: Path, certificate: bytes, key: bytes, chain: Iterable[bytes] = ()) -> bool:
    """Tell whether Envoy takes this certificate, key and chain for a cluster."""
    identity = Identity.of(certificate, chain, Secret(key))
    presented = {
        "certificate_chain": {"inline_string": identity.certificate_chain_pem.decode()},
        "private_key": {"inline_string": identity.private_key_pem.value.decode()},
    }
    socket = {"name": "tls", "typed_config": {"@type": _TLS, "common_tls_context": {"tls_certificates": [presented]}}}
    file = folder / "envoy.json"
    file.write_text(json.dumps({"static_resources": {"clusters": [{"name": "backend", "type": "STATIC", "transport_socket": socket}]}}))
    ended = subprocess.run(
        [envoy.binary(), "--mode", "validate", "--config-path", str(file), "--log-level", "off"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ended.returncode == 0
