"""The lines for the owner of a back end, given to the servers themselves: they let the certificate in, and nobody else."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path

import pytest
import yaml

from certificates.handing_over.lines import recipes
from certificates.handing_over.parts import PublicPart
from gateway.agent import envoy
from kit.issuing import Issued, issue
from kit.ports import free_ports
from tests import debian
from tests.gateway.foreign import Nginx, Server

ROOT = issue("Root", authority=True)
MIDDLE = issue("Middle", by=ROOT, authority=True)
LEAF = issue("orders-client", by=MIDDLE)
STRANGER = issue("somebody else", by=MIDDLE)
ALONE = issue("alone")


def _part(leaf: Issued) -> PublicPart:
    return PublicPart(entry="orders-client", der=leaf.der, above=() if leaf is ALONE else (MIDDLE.der, ROOT.der))


def _lines(leaf: Issued, server: str, folder: Path) -> str:
    """Return the lines for a server, with the file that they name in *folder* rather than below /etc."""
    part = _part(leaf)
    file = part.files()["issuer.pem"]
    (folder / file.name).write_bytes(file.content)
    text = next(recipe.text for recipe in recipes(part) if recipe.server == server)
    assert f"/etc/{server.lower().replace('apache', 'apache2')}/{file.name}" in text
    return text.replace(f"/etc/{server.lower().replace('apache', 'apache2')}/", f"{folder}/")


@dataclass
class Apache(Server):
    """Debian's Apache with a virtual host of these lines."""

    certificate: Issued
    lines: str
    ports: tuple[int, ...] = field(default_factory=lambda: tuple(free_ports(1)))

    def command(self, folder: Path) -> list[str]:
        """Write its configuration."""
        (folder / "server.pem").write_text(self.certificate.pem + self.certificate.key_pem)
        modules = ("mpm_event", "authz_core", "ssl", "socache_shmcb", "dir")
        loaded = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in modules)
        (folder / "httpd.conf").write_text(
            f"ServerRoot {folder}\nPidFile {folder}/pid\nServerName localhost\nErrorLog {folder}/error.log\n{loaded}\n"
            f"User www-data\nGroup www-data\nDocumentRoot {folder}\nListen 127.0.0.1:{self.ports[0]}\n"
            f"<VirtualHost *:{self.ports[0]}>\nSSLEngine on\nSSLCertificateFile {folder}/server.pem\nFallbackResource /httpd.conf\n"
            f"{self.lines}</VirtualHost>\n"
        )
        return [debian.program("apache2"), "-f", str(folder / "httpd.conf"), "-D", "FOREGROUND"]


def _status(port: int, leaf: Issued, folder: Path) -> int:
    """Return what a call that presents *leaf* is answered; 0 if it is broken off."""
    (folder / "client.pem").write_text(leaf.pem + leaf.chain_pem + leaf.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(folder / "client.pem")
    calling = HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
    try:
        calling.request("GET", "/")
        return calling.getresponse().status
    except OSError:
        return 0
    finally:
        calling.close()


@pytest.mark.parametrize("leaf", [LEAF, ALONE], ids=["issued", "self-signed"])
def test_nginx_lets_the_certificate_in_and_no_other_of_its_authority(leaf: Issued, server_certificate: Issued, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with Nginx(server_certificate, listen="ssl", server=_lines(leaf, "nginx", tmp_path)) as server:
        assert _status(server.port, leaf, tmp_path) == 200
        assert _status(server.port, STRANGER, tmp_path) in {400, 403}


@pytest.mark.parametrize("leaf", [LEAF, ALONE], ids=["issued", "self-signed"])
def test_apache_lets_the_certificate_in_and_no_other_of_its_authority(leaf: Issued, server_certificate: Issued, tmp_path: Path) -> None:
    with Apache(server_certificate, _lines(leaf, "Apache", tmp_path)) as server:
        assert _status(server.ports[0], leaf, tmp_path) == 200
        assert _status(server.ports[0], STRANGER, tmp_path) in {0, 403}


@pytest.mark.parametrize("leaf", [LEAF, ALONE, issue("named", by=MIDDLE, hosts=("orders.example.com",))], ids=["issued", "alone", "named"])
def test_envoy_takes_its_lines(leaf: Issued, tmp_path: Path) -> None:
    lines = yaml.safe_load(_lines(leaf, "Envoy", tmp_path))
    chain = {"filters": [], "transport_socket": lines}
    listener = {"address": {"socket_address": {"address": "127.0.0.1", "port_value": free_ports(1)[0]}}, "filter_chains": [chain]}
    server = {"certificate_chain": {"inline_string": ALONE.pem}, "private_key": {"inline_string": ALONE.key_pem}}
    lines["typed_config"]["common_tls_context"]["tls_certificates"] = [server]
    file = tmp_path / "envoy.yaml"
    file.write_text(yaml.safe_dump({"static_resources": {"listeners": [listener]}}))
    command = [envoy.binary(), "--mode", "validate", "--config-path", str(file), "--log-level", "error"]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stderr
