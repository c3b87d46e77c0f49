"""What the owner of a back end is given: the public part as files, and lines with which real servers let the certificate in."""

from __future__ import annotations

import pytest
from cryptography import x509
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from certificates.handing_over.lines import recipes
from certificates.handing_over.parts import PublicPart
from kit.issuing import Issued, issue
from tests.makers import make_candidate, make_certificate, make_server_certificate

ROOT = issue("Root", authority=True)
MIDDLE = issue("Middle", by=ROOT, authority=True)
PAGE = "/security/client-certificates/orders-client/"


def _part(leaf: Issued, *above: Issued, entry: str = "orders-client") -> PublicPart:
    return PublicPart(entry=entry, der=leaf.der, above=tuple(one.der for one in above))


def _lines(part: PublicPart) -> dict[str, str]:
    return {recipe.server: recipe.text for recipe in recipes(part)}


@pytest.mark.django_db
class TestTheFiles:
    def _upload(self, client: Client, leaf: Issued, *above: Issued) -> None:
        pem = leaf.pem + "".join(one.pem for one in above) + leaf.key_pem
        file = SimpleUploadedFile("client.pem", pem.encode())
        assert client.post("/security/client-certificates/upload/", {"file": file, "name": "orders-client"}).status_code == 303

    def test_certificate_chain_and_issuer_are_downloaded_and_never_the_key(self, signed_in: Client) -> None:
        leaf = issue("orders-client", by=MIDDLE)
        self._upload(signed_in, leaf, MIDDLE, ROOT)
        found = {name: signed_in.get(PAGE + name) for name in ("certificate.pem", "chain.pem", "issuer.pem")}
        assert found["certificate.pem"].content.decode() == leaf.pem + MIDDLE.pem + ROOT.pem
        assert found["chain.pem"].content.decode() == MIDDLE.pem + ROOT.pem
        assert found["issuer.pem"].content.decode() == ROOT.pem
        assert x509.load_der_x509_certificate(signed_in.get(f"{PAGE}certificate.cer").content) == leaf.certificate
        assert x509.load_der_x509_certificate(signed_in.get(f"{PAGE}issuer.cer").content) == ROOT.certificate
        assert found["issuer.pem"].headers["Content-Disposition"] == 'attachment; filename="orders-client-ca.pem"'
        page = signed_in.get(f"{PAGE}hand-over/").content.decode()
        assert all(server in page for server in ("nginx", "Apache", "IIS", "Envoy"))
        assert "PRIVATE KEY" not in page + "".join(one.content.decode() for one in found.values())

    def test_what_is_not_there_is_said_and_not_offered(self, signed_in: Client) -> None:
        self._upload(signed_in, issue("orders-client", by=MIDDLE))
        page = signed_in.get(f"{PAGE}hand-over/").content.decode()
        assert "The certificate of CN=Middle, O=Example is not here" in page
        assert "nginx" not in page
        assert signed_in.get(f"{PAGE}issuer.pem").status_code == 404
        assert signed_in.get(f"{PAGE}chain.pem").status_code == 404
        assert signed_in.get(f"{PAGE}certificate.pem").status_code == 200

    def test_what_shall_be_presented_is_handed_over_before_it_is(self, signed_in: Client) -> None:
        renewed = issue("orders-client")
        entry = make_certificate()
        assert signed_in.get(f"{PAGE}certificate.pem?of=candidate").status_code == 404
        make_candidate(entry, renewed)
        assert 'href="?of=candidate"' in signed_in.get(f"{PAGE}hand-over/").content.decode()
        assert "certificate.pem?of=candidate" in signed_in.get(f"{PAGE}hand-over/?of=candidate").content.decode()
        assert signed_in.get(f"{PAGE}certificate.pem?of=candidate").content.decode() == renewed.pem
        assert signed_in.get(f"{PAGE}certificate.pem?of=1").status_code == 200
        assert [signed_in.get(f"{PAGE}certificate.pem?of={nonsense}").status_code for nonsense in ("2", "x", "²", "9" * 30)] == [404] * 4

    def test_viewers_may_have_it_too_and_server_certificates_likewise(self, viewer: object, client: Client) -> None:
        make_server_certificate("api.example.com")
        client.force_login(viewer)  # type: ignore[arg-type]  # a person
        assert client.get("/security/server-certificates/api.example.com/certificate.pem").content.startswith(
            b"-----BEGIN CERTIFICATE-----"
        )


class TestTheLines:
    def test_the_client_alone_is_let_in_where_its_subject_is_plain(self) -> None:
        lines = _lines(_part(issue("orders-client", by=ROOT), ROOT))
        assert 'if ($ssl_client_s_dn != "CN=orders-client,O=Example") { return 403; }' in lines["nginx"]
        assert "== 'CN=orders-client,O=Example'" in lines["Apache"]

    @pytest.mark.parametrize("name", ['a" b', "a'b", "$http_x", "a\\b", "a;b", "a,b", "a\n}", "größe", "a{b"])
    def test_no_subject_breaks_out_of_a_line(self, name: str) -> None:
        lines = _lines(_part(issue(name, by=ROOT), ROOT))
        assert "ssl_client_s_dn" not in lines["nginx"]
        assert "SSL_CLIENT_S_DN" not in lines["Apache"]

    @pytest.mark.parametrize("entry", ['a"; rm -rf', "größe", "..", "a b/c", "ночь"])
    def test_files_have_plain_names_whatever_the_entry_is_called(self, entry: str) -> None:
        names = [file.name for file in _part(issue("a", by=ROOT), ROOT, entry=entry).files().values()]
        assert all(name.isascii() and not set(name) & set(" \"';/\\$") and name[0] not in ".-" for name in names)

    def test_a_self_signed_certificate_is_trusted_itself(self) -> None:
        alone = issue("orders-client")
        part = _part(alone)
        assert part.anchor == alone.der
        assert part.missing_issuer == ""
        assert "LocalMachine\\Root" in _lines(part)["IIS"]

    def test_depth_goes_by_what_stands_above(self) -> None:
        assert "ssl_verify_depth 2;" in _lines(_part(issue("a", by=MIDDLE), MIDDLE, ROOT))["nginx"]
