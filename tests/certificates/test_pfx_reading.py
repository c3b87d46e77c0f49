"""Which PFX files are read, and why the others are not."""

from __future__ import annotations

import io
import math
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key, pkcs7

from certificates import ber
from certificates.pfx import Pfx, Problem, UnreadablePfx, password_of, reading
from certificates.pfx.keys import rsa_pkcs8
from certificates.sealing import Secret
from kit.issuing import Issued, PrivateKey, issue, rsa_key
from tests.certificates import files
from tests.certificates.loader import loads

CLIENT = issue("orders-client")
OTHER = issue("other")
FILE = CLIENT.pfx_file()
_UNENCRYPTED = (PrivateFormat.PKCS8, NoEncryption())


def read(data: bytes, password: Secret) -> Pfx:
    """Read *data* now."""
    return reading.read(data, password, now=datetime.now(UTC))


def refusal(data: bytes, password: str = "secret") -> UnreadablePfx:
    """Return why *data* is refused."""
    with pytest.raises(UnreadablePfx) as caught:
        read(data, password_of(password))
    return caught.value


def problem(data: bytes, password: str = "secret") -> Problem:
    return refusal(data, password).problem


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(FILE, id="PBES2"),
        pytest.param(files.triple_des(CLIENT, "secret"), id="3DES"),
        pytest.param(files.without_mac(FILE), id="no MAC"),
        pytest.param(files.with_pbmac1(FILE, "secret"), id="PBMAC1"),
        pytest.param(files.as_ber(FILE), id="BER"),
        pytest.param(FILE + b"\r\n", id="a line end behind it"),
        pytest.param(files.file_of(*files.contents_of(FILE), *files.contents_of(FILE)), id="one identity twice"),
    ],
)
def test_whatever_opens_is_accepted(file: bytes) -> None:
    assert read(file, password_of("secret")) == CLIENT.as_pfx()


def test_rc2_with_40_bits_is_accepted() -> None:
    assert read(files.RC2_40, password_of("secret")).chain == ()
    assert problem(files.RC2_40, "Secret") is Problem.WRONG_PASSWORD


@pytest.mark.parametrize(
    "password",
    ["", " leading and trailing ", "\t", "x" * 1000, "密码", "пароль", "🔑🗝️", "e\u0301", "é", '"%00\\', "\u200e"],
    ids=ascii,
)
def test_a_password_is_taken_exactly_as_typed(password: str) -> None:
    for file in (CLIENT.pfx_file(password), files.triple_des(CLIENT, password) if password else CLIENT.pfx_file(password)):
        assert read(file, password_of(password)) == CLIENT.as_pfx()
        assert problem(file, f"{password} ") is Problem.WRONG_PASSWORD


@pytest.mark.parametrize("password", ["wrong", "", "Secret", "secret ", "se\0cret", "\ud800", "x" * 4000], ids=ascii)
@pytest.mark.parametrize(
    "file",
    [FILE, files.triple_des(CLIENT, "secret"), files.without_mac(FILE), files.as_ber(FILE), files.with_pbmac1(FILE, "secret")],
    ids=["PBES2", "3DES", "no MAC", "BER", "PBMAC1"],
)
def test_a_wrong_password_is_called_so(file: bytes, password: str) -> None:
    assert problem(file, password) is Problem.WRONG_PASSWORD


def _zip() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("client.pfx", FILE)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("file", "expected", "detail"),
    [
        pytest.param(b"", Problem.EMPTY, "", id="nothing"),
        pytest.param(b" \r\n", Problem.EMPTY, "", id="blank"),
        pytest.param(
            b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", Problem.PEM, "PUBLIC KEY", id="PEM of something else"
        ),
        pytest.param(CLIENT.der, Problem.DER, "certificate", id="DER certificate"),
        pytest.param(CLIENT.key_der, Problem.DER, "key", id="DER key"),
        pytest.param(pkcs7.serialize_certificates([CLIENT.certificate], Encoding.DER), Problem.DER, "bundle", id="PKCS#7"),
        pytest.param(b"\xfe\xed\xfe\xed" + bytes(60), Problem.JKS, "", id="JKS"),
        pytest.param(_zip(), Problem.ZIP, "", id="ZIP"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(40), Problem.NOT_PKCS12, "", id="picture"),
        pytest.param(b"0123456789", Problem.NOT_PKCS12, "", id="text that begins like ASN.1"),
        pytest.param(b"hello", Problem.NOT_PKCS12, "", id="text"),
    ],
)
def test_other_files_are_named(file: bytes, expected: Problem, detail: str) -> None:
    why = refusal(file)
    assert (why.problem, why.detail) == (expected, detail)


def test_every_cut_off_file_is_called_so() -> None:
    assert {problem(FILE[:length]) for length in range(1, len(FILE))} == {Problem.TRUNCATED}
    assert {problem(files.as_ber(FILE)[:length]) for length in range(1, 1000, 10)} <= {Problem.TRUNCATED, Problem.DAMAGED}


def test_a_changed_byte_is_damage_even_though_the_mac_fails_as_with_a_wrong_password() -> None:
    found = set()
    for position in range(20, len(FILE), 9):
        changed = bytearray(FILE)
        changed[position] ^= 0x10
        found.add(problem(bytes(changed)))
    # A changed byte in the name of an algorithm makes it the name of another one.
    assert found - {Problem.UNKNOWN_PROTECTION} == {Problem.DAMAGED}


def test_a_file_without_a_key_is_refused() -> None:
    assert problem(files.certificates_only(CLIENT, OTHER)) is Problem.NO_KEY


def test_a_key_without_its_certificate_is_refused() -> None:
    assert problem(files.key_with(CLIENT)) is Problem.NO_CERTIFICATE
    assert problem(files.key_with(CLIENT, OTHER)) is Problem.NO_CERTIFICATE


def test_several_different_keys_are_refused_wherever_they_stand() -> None:
    mixed = files.file_of(*files.contents_of(FILE), *files.contents_of(OTHER.pfx_file()))
    assert problem(mixed) is Problem.SEVERAL_KEYS
    hidden = files.file_of(
        *files.contents_of(files.certificates_only(CLIENT)),
        files.encrypted(files.shrouded_key(CLIENT.key_der)),
        files.encrypted(files.shrouded_key(OTHER.key_der)),
    )
    assert problem(hidden) is Problem.SEVERAL_KEYS


@pytest.mark.parametrize(
    "key",
    [
        rsa_key(),
        rsa_key(3072),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["RSA 2048", "RSA 3072", "P-256", "P-384", "P-521", "Ed25519"],
)
def test_keys_the_gateway_can_use(key: PrivateKey) -> None:
    client = issue(key=key)
    assert read(client.pfx_file(), password_of("secret")) == client.as_pfx()


def _rsa_key(exponent: int) -> rsa.RSAPrivateKey:
    """Return a key with a public exponent that libraries do not choose."""
    while True:
        one, other = (getattr(rsa.generate_private_key(65537, 2048).private_numbers(), name) for name in ("p", "q"))
        order = math.lcm(one - 1, other - 1)
        if math.gcd(exponent, order) == 1:
            break
    private = pow(exponent, -1, order)
    remainders = (rsa.rsa_crt_dmp1(private, one), rsa.rsa_crt_dmq1(private, other), rsa.rsa_crt_iqmp(one, other))
    numbers = rsa.RSAPrivateNumbers(one, other, private, *remainders, rsa.RSAPublicNumbers(exponent, one * other))
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


@pytest.mark.parametrize("exponent", [3, 17, 2**32 + 15, 2**33 - 9, 2**33 + 17, 2**40 + 15])
def test_rsa_exponents_are_taken_as_the_gateway_takes_them(exponent: int, tmp_path: Path) -> None:
    client = issue(key=_rsa_key(exponent))
    loaded = loads(tmp_path, client.der, client.key_der)
    assert loaded == (exponent.bit_length() <= 33)
    if loaded:
        assert read(client.pfx_file(), password_of("secret")) == client.as_pfx()
    else:
        why = refusal(client.pfx_file())
        assert (why.problem, why.detail) == (Problem.UNUSABLE_KEY, f"RSA 2048, public exponent of {exponent.bit_length()} bits")


@pytest.mark.parametrize("place", range(1, 9))
def test_an_rsa_key_whose_numbers_do_not_fit_together_is_broken_not_the_file(place: int) -> None:
    client = issue(key=rsa_key())
    numbers = [ber.integer(one) for one in ber.children(ber.sole(ber.octets(ber.children(ber.sole(client.key_der))[2])))]
    numbers[place] += 2
    altered = rsa_pkcs8(files.tlv(files.SEQUENCE, *map(files.integer, numbers)))
    file = files.file_of(*files.contents_of(files.certificates_only(client)), files.plain(files.shrouded_key(altered.value)))
    assert problem(file) is Problem.BROKEN_KEY


@pytest.mark.parametrize("missing", [(4, 5, 6, 7, 8), (6, 7, 8), (8,)])
def test_values_that_follow_from_the_others_may_be_missing_from_an_rsa_key(missing: tuple[int, ...]) -> None:
    client = issue(key=rsa_key())
    numbers = [ber.integer(one) for one in ber.children(ber.sole(ber.octets(ber.children(ber.sole(client.key_der))[2])))]
    kept = [0 if place in missing else number for place, number in enumerate(numbers)]
    bare = rsa_pkcs8(files.tlv(files.SEQUENCE, *map(files.integer, kept)))
    file = files.file_of(*files.contents_of(files.certificates_only(client)), files.plain(files.shrouded_key(bare.value)))
    opened = load_der_private_key(read(file, password_of("secret")).private_key.value, None)
    assert opened.public_key() == client.certificate.public_key()


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (rsa_key(1024), "RSA 1024"),  # that is the point
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "brainpoolP256r1"),
        (ed448.Ed448PrivateKey.generate(), "Ed448"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_keys_the_gateway_cannot_use_are_named(key: PrivateKey, named: str) -> None:
    why = refusal(issue(key=key).pfx_file())
    assert (why.problem, why.detail) == (Problem.UNUSABLE_KEY, named)


@pytest.mark.parametrize(
    ("client", "named"),
    [
        (files.key_for_pss_only(issue(key=rsa_key())), "RSASSA-PSS"),
        (files.curve_by_parameters(issue(key=ec.generate_private_key(ec.SECP256R1()))), "P-256, explicit parameters"),
    ],
    ids=["for PSS only", "curve by parameters"],
)
def test_usable_keys_in_certificates_the_gateway_does_not_load_are_named(client: Issued, named: str) -> None:
    why = refusal(files.key_with(client, client))
    assert (why.problem, why.detail) == (Problem.UNUSABLE_KEY, named)


@pytest.mark.parametrize("kind", ["dsa", "x25519"])
def test_keys_that_cannot_present_a_certificate_at_all(kind: str) -> None:
    made = dsa.generate_private_key(2048) if kind == "dsa" else x25519.X25519PrivateKey.generate()
    key = made.private_bytes(Encoding.DER, *_UNENCRYPTED)
    file = files.file_of(*files.contents_of(files.certificates_only(CLIENT)), files.plain(files.shrouded_key(key)))
    assert problem(file) is Problem.UNUSABLE_KEY


def _expect(leaf: Issued, *chain: Issued) -> Pfx:
    return Pfx(certificate=leaf.der, chain=tuple(one.der for one in chain), private_key=leaf.as_pfx().private_key)


def _file(leaf: Issued, *others: Issued) -> bytes:
    """Return a file with the certificates in the given order, wherever the leaf is among them."""
    return files.key_with(leaf, *others)


def test_the_chain_is_ordered_issuer_by_issuer_and_the_leaf_comes_first() -> None:
    root = issue("root", authority=True)
    middle = issue("middle", by=root, authority=True)
    lower = issue("lower", by=middle, authority=True)
    client = issue("client", by=lower)
    for order in ((client, lower, middle, root), (root, middle, lower, client), (middle, client, root, lower)):
        assert read(_file(client, *order), password_of("secret")) == _expect(client, lower, middle, root)


def test_of_two_issuers_with_one_name_the_one_that_signed_is_the_link() -> None:
    impostor, root = issue("root", authority=True), issue("root", authority=True)
    client = issue("client", by=root)
    assert read(_file(client, impostor, root, client), password_of("secret")).chain[0] == root.der


def test_expired_certificates_are_accepted() -> None:
    now = datetime.now(UTC)
    client = issue(not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    assert read(client.pfx_file(), password_of("secret")) == client.as_pfx()


def test_too_many_rounds_of_key_derivation_are_refused_before_they_are_worked() -> None:
    assert problem(files.with_mac_iterations(FILE, 10_000_000)) is Problem.TOO_MUCH_WORK
    assert problem(files.with_mac_iterations(FILE, 2**31 - 1)) is Problem.TOO_MUCH_WORK
    many = files.file_of(*(files.encrypted(iterations=400_000) for _ in range(20)), *files.contents_of(FILE))
    assert problem(many) is Problem.TOO_MUCH_WORK


def test_the_private_key_that_is_read_is_unencrypted_pkcs8() -> None:
    key = load_der_private_key(read(FILE, password_of("secret")).private_key.value, None)
    assert key.public_key() == CLIENT.certificate.public_key()
