"""The case files that are taken, from the form to the back end: it sees the certificate that the page names."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apis import actions as api_actions
from apis.models import Credentials, KeyKind
from certificates.models import ClientCertificate
from kit.issuing import Issued
from kit.ports import free_ports
from portal.activity import last_line
from tests import debian
from tests.certificates.case_files import GOOD, NOW
from tests.gateway.plant import Plant, eventually
from tests.makers import make_api, make_subscription

pytestmark = pytest.mark.any_database

# It asks for a certificate and takes any: whether a back end trusts them is not the question here.
_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    ssl_verify_client optional_no_ca; error_page 495 =200 /;
    default_type application/json;
    location / {{ return 200 '{{"thumbprint": "$ssl_client_fingerprint"}}'; }}
  }}
}}
"""


@pytest.fixture
def takes_any(tmp_path: Path, server_certificate: Issued) -> Iterator[int]:
    """Return the port of a back end that tells the thumbprint of whatever certificate it is shown."""
    nginx = debian.program("nginx")
    (port,) = free_ports(1)
    (tmp_path / "server.pem").write_text(server_certificate.pem)
    (tmp_path / "server.key").write_text(server_certificate.key_pem)
    (tmp_path / "nginx.conf").write_text(_NGINX.format(folder=tmp_path, port=port))
    with subprocess.Popen([nginx, "-c", f"{tmp_path}/nginx.conf", "-e", f"{tmp_path}/error.log"]) as running:
        yield port
        running.terminate()


def test_the_back_end_sees_every_one_that_was_taken(
    plant: Plant, takes_any: int, authority: Issued, publisher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    client = Client()
    client.force_login(publisher)
    distinct = [case for case in GOOD if case.name != "text-utf8-bom-base64.pfx"]  # the certificate of text-base64-of-pfx.pfx
    for case in distinct:
        form = {"file": SimpleUploadedFile(case.name, case.data), "password": case.password, "name": case.entry}
        assert client.post("/security/client-certificates/upload/", form).status_code == 303
    key = api_actions.show_keys(make_subscription(), by=None, now=NOW)[KeyKind.PRIMARY].value.decode()
    entries = list(ClientCertificate.objects.select_related("current"))
    for entry in entries:
        api = make_api(entry.name, service_url=f"https://localhost:{takes_any}")
        chosen = api_actions.ApiSecurity(credentials=Credentials.CLIENT_CERTIFICATE, certificate=entry, trusted_ca=authority.pem)
        api_actions.secure_api(api, chosen, by=None, now=NOW)
    eventually(lambda: plant.applied(last_line()))
    seen = {entry.name: json.loads(plant.call(f"/{entry.name}/x", key=key).body).get("thumbprint", "").upper() for entry in entries}
    assert len(seen) == len(distinct)
    assert seen == {entry.name: entry.current.thumbprint for entry in entries if entry.current}
