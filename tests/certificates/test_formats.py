"""Files that hold a certificate and its key in another form than PFX: PEM, base64, several files; and what protects a PFX file."""

from __future__ import annotations

import base64
import re
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from certificates.facts import Facts
from certificates.pfx import Pfx, Problem, UnreadablePfx, joined, password_of, reading
from certificates.sealing import Secret
from kit.issuing import Issued, issue, rsa_key
from tests.certificates import files

CLIENT = issue("client", by=issue("middle", by=issue("root", authority=True), authority=True))
RSA = issue("rsa", key=rsa_key())
OTHER = issue("other")
CHAIN = "".join(one.public_bytes(Encoding.PEM).decode() for one in CLIENT.chain)
PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nAA==\n-----END OPENSSH PRIVATE KEY-----"
BUNDLE = "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n"
FILE = CLIENT.pfx_file()
TEXT = base64.b64encode(FILE).decode()


def read(data: bytes | str, password: str = "secret") -> Pfx:
    return reading.read(data if isinstance(data, bytes) else data.encode(), password_of(password), now=datetime.now(UTC))


def problem(data: bytes | str, password: str = "secret") -> Problem:
    with pytest.raises(UnreadablePfx) as caught:
        read(data, password)
    return caught.value.problem


def key_text(issued: Issued, form: PrivateFormat = PrivateFormat.PKCS8, password: str = "") -> str:
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return issued.key.private_bytes(Encoding.PEM, form, encryption).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CLIENT.pem + CHAIN + CLIENT.key_pem, id="certificate first"),
        pytest.param(CLIENT.key_pem + CHAIN + CLIENT.pem, id="key first"),
        pytest.param("Bag Attributes\n    friendlyName: x\n" + CLIENT.key_pem + "subject=CN = x\n" + CLIENT.pem + CHAIN, id="forewords"),
        pytest.param((CLIENT.pem + CHAIN + CLIENT.key_pem).replace("\n", "\r\n"), id="Windows lines"),
        pytest.param(CLIENT.pem + CHAIN + key_text(CLIENT, PrivateFormat.TraditionalOpenSSL), id="traditional"),
        pytest.param(PARAMETERS + CLIENT.key_pem + CLIENT.pem + CHAIN, id="parameters"),
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_pem_is_taken(text: str, codec: str) -> None:
    assert read(text.encode(codec), "") == CLIENT.as_pfx()
    assert read(text, "").unprotected


@pytest.mark.parametrize("issued", [CLIENT, RSA], ids=["EC", "RSA"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_in_pem_opens_with_its_password_only(issued: Issued, form: PrivateFormat) -> None:
    text = issued.pem + key_text(issued, form, "päß")
    assert read(text, "päß").private_key == Secret(issued.key_der)
    for wrong in ("pass", "päß "):
        assert problem(text, wrong) is Problem.WRONG_PASSWORD
    assert problem(text, "") is Problem.PASSWORD_NEEDED


def test_an_rsa_key_in_its_traditional_form_is_taken() -> None:
    assert read(RSA.pem + key_text(RSA, PrivateFormat.TraditionalOpenSSL), "") == RSA.as_pfx()


@pytest.mark.parametrize(
    ("text", "password", "expected"),
    [
        pytest.param(CLIENT.pem, "", Problem.NO_KEY, id="no key"),
        pytest.param(CLIENT.pem, "typed", Problem.NO_KEY, id="no key, but a password"),
        pytest.param(CLIENT.key_pem, "", Problem.NO_CERTIFICATE, id="no certificate"),
        pytest.param(OTHER.pem + CLIENT.key_pem, "", Problem.NO_CERTIFICATE, id="of another key"),
        pytest.param(CLIENT.pem + CLIENT.key_pem + OTHER.key_pem, "", Problem.SEVERAL_KEYS, id="two keys"),
        pytest.param(CLIENT.pem + CLIENT.key_pem, "typed", Problem.NO_PASSWORD_NEEDED, id="a needless password"),
        pytest.param(CLIENT.pem + CLIENT.key_pem[:-20], "", Problem.TRUNCATED, id="cut off"),
        pytest.param(CLIENT.pem.replace("MII", "M!I") + CLIENT.key_pem, "", Problem.DAMAGED, id="not base64"),
        pytest.param(OPENSSH, "", Problem.OPENSSH_KEY, id="OpenSSH"),
        pytest.param(CLIENT.pem + OPENSSH, "typed", Problem.OPENSSH_KEY, id="OpenSSH, with its certificate"),
        pytest.param("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----", "", Problem.PEM, id="a request"),
        pytest.param(BUNDLE, "", Problem.DER, id="a bundle"),
        pytest.param(BUNDLE + CLIENT.key_pem, "", Problem.DER, id="a bundle and a key"),
    ],
)
def test_pem_that_does_not_do_is_told_why(text: str, password: str, expected: Problem) -> None:
    assert problem(text, password) is expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEXT.encode(), id="one line"),
        pytest.param("\r\n".join(textwrap.wrap(TEXT, 64)).encode(), id="lines"),
        pytest.param(TEXT.encode("utf-8-sig"), id="byte order mark"),
        pytest.param(TEXT.encode("utf-16"), id="UTF-16"),
        pytest.param(TEXT.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(base64.b64encode(TEXT.encode()), id="twice"),
        pytest.param(base64.b64encode(base64.b64encode(TEXT.encode())), id="three times"),
        pytest.param(base64.urlsafe_b64encode(FILE).rstrip(b"="), id="for addresses"),
        pytest.param(f'"{TEXT}"\n'.encode(), id="quoted"),
        pytest.param(f"data:application/x-pkcs12;base64,{TEXT}".encode(), id="a data address"),
        pytest.param(f"-----BEGIN CERTIFICATE-----\r\n{TEXT}\r\n-----END CERTIFICATE-----\r\n".encode(), id="certutil -encode"),
        pytest.param(base64.b64encode((CLIENT.pem + CHAIN + key_text(CLIENT, password="secret")).encode()), id="of PEM"),
    ],
)
def test_the_base64_text_of_a_file_is_taken(text: bytes) -> None:
    assert read(text) == CLIENT.as_pfx()


def test_certificate_and_key_are_taken_as_two_files_in_pem_and_der() -> None:
    keys = [CLIENT.key_pem.encode(), CLIENT.key_der, key_text(CLIENT, PrivateFormat.TraditionalOpenSSL).encode()]
    for certificate in (CLIENT.pem.encode(), CLIENT.der):
        for key in keys:
            assert read(joined([certificate, key, b""]), "").certificate == CLIENT.der
            assert read(joined([key, CHAIN.encode(), certificate]), "") == CLIENT.as_pfx()
    encrypted = CLIENT.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret"))
    assert read(joined([CLIENT.der, encrypted])).certificate == CLIENT.der
    assert read(joined([FILE, CLIENT.key_der])) == CLIENT.as_pfx()


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_bundle_beside_its_key_is_named(encoding: Encoding) -> None:
    bundle = pkcs7.serialize_certificates([CLIENT.certificate], encoding)
    with pytest.raises(UnreadablePfx) as caught:
        read(joined([bundle, CLIENT.key_pem.encode()]), "")
    assert (caught.value.problem, caught.value.detail) == (Problem.DER, "bundle")


def test_a_private_key_with_a_password_of_its_own_is_not_called_damage() -> None:
    others = files.contents_of(files.certificates_only(CLIENT))
    file = files.with_pbmac1(files.file_of(*others, files.plain(files.shrouded_key(CLIENT.key_der, password="own"))), "secret")
    assert problem(file) is Problem.OTHER_KEY_PASSWORD
    assert problem(file, "wrong") is Problem.WRONG_PASSWORD


@pytest.mark.parametrize("typed", ["Schlüssel", "пароль", "密码🔑"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-be"])
def test_passwords_are_tried_in_the_spellings_of_other_programs(typed: str, codec: str) -> None:
    octets = typed.encode(codec) + (b"\0\0" if codec == "utf-16-be" else b"")
    bag = files.shrouded_key(CLIENT.key_der, password=octets)
    file = files.file_of(files.encrypted(files.certificate_bag(CLIENT.der), password=octets), files.plain(bag))
    assert read(file, typed).certificate == CLIENT.der
    assert problem(file, f"{typed}.") is Problem.WRONG_PASSWORD


def test_a_file_for_windows_accounts_is_called_so_with_any_password() -> None:
    file = (Path(__file__).parent / "cases" / "windows-group-protected.pfx").read_bytes()
    for password in ("", "typed"):
        assert problem(file, password) is Problem.WINDOWS_ACCOUNTS


def test_a_protection_that_is_not_known_is_named() -> None:
    file = bytearray(files.without_mac(FILE))
    place = bytes(file).index(files.PBES2)
    file[place + len(files.PBES2) - 1] = 0x63
    with pytest.raises(UnreadablePfx) as caught:
        read(bytes(file))
    assert caught.value.problem is Problem.UNKNOWN_PROTECTION
    assert re.fullmatch(r"1\.2\.840\.113549\.1\.5\.99", caught.value.detail)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_key_alone_in_the_clear_is_a_file_without_a_password(curve: ec.EllipticCurve) -> None:
    issued = issue(key=ec.generate_private_key(curve))
    file = issued.pfx_file("")
    assert read(file, "").unprotected
    assert not read(issued.pfx_file()).unprotected


# Made by OpenSSL 3.0, each by the option that it is named after; the password is "päss wörd".
@pytest.mark.parametrize("file", sorted((Path(__file__).parent / "cases" / "openssl").iterdir()), ids=lambda file: file.name)
def test_whatever_openssl_protects_opens_with_its_password_and_no_other(file: Path) -> None:
    pfx = read(file.read_bytes(), "päss wörd")
    assert (Facts.of(pfx.certificate).common_name, [Facts.of(der).common_name for der in pfx.chain]) == ("client", ["root"])
    for wrong in ("pass word", "päss wörd "):
        assert problem(file.read_bytes(), wrong) is Problem.WRONG_PASSWORD
    without = Problem.PASSWORD_NEEDED if file.suffix == ".pem" else Problem.WRONG_PASSWORD
    assert problem(file.read_bytes(), "") is without


def test_a_traditional_key_under_a_cipher_that_is_not_known_is_no_wrong_password() -> None:
    text = CLIENT.pem + key_text(CLIENT, PrivateFormat.TraditionalOpenSSL, "secret").replace("AES-256-CBC", "CAMELLIA-256-CBC")
    assert problem(text) is Problem.UNKNOWN_PROTECTION
