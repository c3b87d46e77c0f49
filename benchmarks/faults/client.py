"""Somebody who changes the portal from outside: by the management REST API, and by its pages."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import requests

from benchmarks import servers
from benchmarks.stack import Stack
from kit.issuing import Issued

_SERVICE = "management/subscriptions/0/resourceGroups/group/providers/Microsoft.ApiManagement/service/portal"
_PASSWORD = "for-the-benchmark"  # noqa: S105 - of files that are made here
_SECONDS = 20


class Client:
    """An administrator, with a token and signed in."""

    def __init__(self, ours: Stack) -> None:
        """Take the portal, which must have been set up."""
        self._portal = f"http://{servers.HOST}:{ours.portal_port}"
        said = ours.manage("token", "create", "--user", "admin", "--json")
        self._token = json.loads(said[said.index("{") :])["token"]
        self._cookie = ours.publisher.session()

    def put(self, path: str, properties: dict[str, Any]) -> bool:
        """Create or replace; return whether it was acknowledged."""
        return self._rest("PUT", path, properties)

    def patch(self, path: str, properties: dict[str, Any]) -> bool:
        """Change; return whether it was acknowledged."""
        return self._rest("PATCH", path, properties)

    def delete(self, path: str) -> bool:
        """Delete; return whether it was acknowledged."""
        return self._rest("DELETE", path, None)

    def upload(self, name: str, issued: Issued) -> bool:
        """Make a certificate entry, or give it another version, by the REST API."""
        data = base64.b64encode(issued.pfx_file(_PASSWORD)).decode()
        return self.put(f"certificates/{name}", {"data": data, "password": _PASSWORD})

    def replace(self, name: str, issued: Issued) -> bool:
        """Give an entry another version by its page."""
        path = f"security/client-certificates/{name}/replace/"
        return self.submit(path, {"password": _PASSWORD, "when": "now"}, file=issued.pfx_file(_PASSWORD))

    def submit(self, path: str, fields: dict[str, str], *, file: bytes | None = None) -> bool:
        """Fill in the form of a page and send it; return whether it was saved."""
        with requests.Session() as session:
            session.cookies.set("sessionid", self._cookie)
            try:
                page = session.get(f"{self._portal}/{path}", timeout=_SECONDS)
                hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
                answer = session.post(
                    f"{self._portal}/{path}",
                    data=hidden | fields,
                    files={"file": ("certificate.pfx", file)} if file else None,
                    allow_redirects=False,
                    timeout=_SECONDS,
                )
            except requests.RequestException:
                return False
        return answer.status_code in {302, 303} and "login" not in answer.headers["location"]

    def _rest(self, method: str, path: str, properties: dict[str, Any] | None) -> bool:
        try:
            answer = requests.request(
                method,
                f"{self._portal}/{_SERVICE}/{path}",
                params={"api-version": "2024-05-01"},
                json=None if properties is None else {"properties": properties},
                headers={"Authorization": f"Bearer {self._token}", "If-Match": "*"},
                timeout=_SECONDS,
            )
        except requests.RequestException:
            return False
        return answer.ok
