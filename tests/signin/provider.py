"""An OpenID Connect provider, as a process of its own: oidc-provider-mock, which is made of Authlib's server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from kit.ports import free_ports

_READY_WITHIN_SECONDS = 30


class Provider:
    """A running provider; a context manager.

    :ivar url: its issuer
    """

    def __init__(self, *people: dict[str, Any]) -> None:
        """Know *people*, each by claims with a ``sub``."""
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        known = [argument for claims in people for argument in ("--user-claims", json.dumps(claims))]
        self._command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *known]

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "the provider ended"
            assert time.monotonic() < deadline, "the provider does not answer"
            time.sleep(0.1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def sign_in(self, address: str, subject: str) -> str:
        """Sign in at *address*, the provider's page, as a person does; return the address that it leads back to, without the host."""
        assert address.startswith(self.url)
        page = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
        assert page.status_code in {302, 303}, page.text
        back = urlsplit(page.headers["Location"])
        return f"{back.path}?{back.query}"

    def change(self, subject: str, **claims: Any) -> None:
        """Let a person have other claims from now on."""
        answer = requests.put(f"{self.url}/users/{subject}", json=claims, timeout=10)
        assert re.match(r"2\d\d", str(answer.status_code)), answer.text

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/.well-known/openid-configuration", timeout=2).ok
        except requests.ConnectionError:
            return False
