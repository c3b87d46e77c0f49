"""PFX files that no library of ours writes: cut up, put together, re-encoded, hostile."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from asn1crypto import pkcs12 as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import pkcs12

from kit.issuing import Issued

SEQUENCE, OCTETS, INTEGER, OID, NULL, CONTEXT = 0x30, 0x04, 0x02, 0x06, 0x05, 0xA0
DATA = bytes.fromhex("2a864886f70d010701")
ENCRYPTED = bytes.fromhex("2a864886f70d010706")
SHROUDED_KEY = bytes.fromhex("2a864886f70d010c0a0102")
CERTIFICATE = bytes.fromhex("2a864886f70d010c0a0103")
X509 = bytes.fromhex("2a864886f70d01091601")
PBES2 = bytes.fromhex("2a864886f70d01050d")
PBKDF2 = bytes.fromhex("2a864886f70d01050c")
PBMAC1 = bytes.fromhex("2a864886f70d01050e")
HMAC_SHA256 = bytes.fromhex("2a864886f70d0209")
RSASSA_PSS = bytes.fromhex("2a864886f70d01010a")
EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
PRIME_FIELD = bytes.fromhex("2a8648ce3d0101")
AES_256_CBC = bytes.fromhex("60864801650304012a")

# Nothing we depend on writes RC2-40. Made once with `openssl pkcs12 -export -legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-RC2-40`;
# the password is "secret".
RC2_40 = base64.b64decode(
    "MIIDcgIBAzCCAzgGCSqGSIb3DQEHAaCCAykEggMlMIIDITCCAhcGCSqGSIb3DQEHBqCCAggwggIEAgEAMIIB/QYJKoZIhvcNAQcBMBwGCiqGSIb3DQEMAQYw"
    "DgQIxHKZFmhRxsUCAggAgIIB0ISgJP7Kt/W+QvBMpvziVULfgjGKdS9TR1iFdB8nXsjicxTtD4u0IaZzjZVh1a5y+NaSBSQNJTC1Kqet5qwPnfyW6YYNmW7e"
    "+G98DXPO1tpdl1E8kG4dIR9Euy23EuG0djtPUXGEEERbhwnV7+J/zGX29BeZhZ74tXgAMomob2nNnGK2CcdR4/nxYjw9P3UlANLYeRNMCwB2PizCRiObjwHJ"
    "OVQOmPRz80EukTOCYAJ7wctLgxfWA1shCHrRVrCwPOgW8UX+g7GV+4pqG6C4aKk6opPA9QXEFBMaXY2ppDPZttrMhEF3PhHGOSQSZLHOeeSOke/WSci1u2A/"
    "SfZ+ER0Tx2q7mXUek939pZFoJVa2IBTz60SnAYnFDEiyIzCCRJPiNXeMt4qDguAf2r8Il7u43UgbY0972Vby3nYohwUjgHfa7sbG0qMuTDA0E3vGaTV5BrOF"
    "pNSFTfZgrzNQdrM/2hl/494dw1GDn9KmKhYTwXqeASJOpqtCRBmGdUZYZ2cyuJuAI+ZpJDoUg/2xt3Ts6aJUYq1q8xgPumMVQIYDidWkMBXhkMofbtIjUFgc"
    "sP1v40LT6tawcLUIY0+/kjsRPqE5dwvHWCm5XiB2MHJLMIIBAgYJKoZIhvcNAQcBoIH0BIHxMIHuMIHrBgsqhkiG9w0BDAoBAqCBtDCBsTAcBgoqhkiG9w0B"
    "DAEGMA4ECLH4fb3s+SzxAgIIAASBkL/tc/90J4N/bx1UBR0w+BinY/XyVPmJZxzSNpyagN7Y7gyB90PYgMqkzsFqcxnESgwUE5NsE88oX1oa86gdHmnTweLT"
    "uM2jMi0cGo3DrjhwMtI4iPx8G40pC2rHpOJdpLn66osgleJahrKaJj4aVYA+fCj7z1AkwfY3PU5scDnUi3dbGt3+84wY3/3VcJ9ljzElMCMGCSqGSIb3DQEJ"
    "FTEWBBQT/VhsaptwJtf5mqvBSgub6iMgxTAxMCEwCQYFKw4DAhoFAAQUcyrQhpO7Jok5MBpkDnem4f8RwbAECD9TyknE7zq/AgIIAA=="
)


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return a DER element."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int) -> bytes:
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def contents_of(file: bytes) -> list[bytes]:
    """Return the collections of a file, DER."""
    return [bytes(content.dump()) for content in asn1.Pfx.load(file).authenticated_safe]


def data_info(content: bytes) -> bytes:
    return tlv(SEQUENCE, tlv(OID, DATA), tlv(CONTEXT, tlv(OCTETS, content)))


def file_of(*contents: bytes, mac: bytes = b"") -> bytes:
    """Return a file of *contents*, without a MAC unless one is given."""
    return tlv(SEQUENCE, integer(3), data_info(tlv(SEQUENCE, *contents)), mac)


def without_mac(file: bytes) -> bytes:
    return file_of(*contents_of(file))


def _pbkdf2(salt: bytes, iterations: int) -> bytes:
    return tlv(
        SEQUENCE,
        tlv(OID, PBKDF2),
        tlv(SEQUENCE, tlv(OCTETS, salt), integer(iterations), integer(32), tlv(SEQUENCE, tlv(OID, HMAC_SHA256), tlv(NULL))),
    )


def with_pbmac1(file: bytes, password: str) -> bytes:
    """Return *file* with a MAC of RFC 9579."""
    salt, contents = os.urandom(16), contents_of(file)
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 2048, 32)
    digest = hmac.digest(key, tlv(SEQUENCE, *contents), "sha256")
    scheme = tlv(SEQUENCE, _pbkdf2(salt, 2048), tlv(SEQUENCE, tlv(OID, HMAC_SHA256), tlv(NULL)))
    info = tlv(SEQUENCE, tlv(SEQUENCE, tlv(OID, PBMAC1), scheme), tlv(OCTETS, digest))
    return file_of(*contents, mac=tlv(SEQUENCE, info, tlv(OCTETS, salt), integer(1)))


def with_mac_iterations(file: bytes, count: int) -> bytes:
    """Return *file* whose MAC claims *count* iterations."""
    pfx = asn1.Pfx.load(file)
    mac = pfx["mac_data"]
    changed = tlv(SEQUENCE, mac["mac"].dump(), tlv(OCTETS, mac["mac_salt"].native), integer(count))
    return file_of(*contents_of(file), mac=changed)


def as_ber(file: bytes) -> bytes:
    """Return *file* with indefinite lengths and its content in pieces, as some exports have it."""
    pfx = asn1.Pfx.load(file)
    content = tlv(SEQUENCE, *contents_of(file))
    pieces = b"".join(tlv(OCTETS, content[start : start + 100]) for start in range(0, len(content), 100))
    wrapped = b"\xa0\x80" + b"\x24\x80" + pieces + b"\0\0" + b"\0\0"
    auth_safe = b"\x30\x80" + tlv(OID, DATA) + wrapped + b"\0\0"
    return b"".join((b"\x30\x80", integer(3), auth_safe, pfx["mac_data"].dump(), b"\0\0"))


def _pbes2(iterations: int, password: str | bytes, plain: bytes) -> tuple[bytes, bytes]:
    """Return the algorithm and the ciphertext of *plain*; a hostile count is written but not worked."""
    salt, vector = os.urandom(8), os.urandom(16)
    octets = password if isinstance(password, bytes) else password.encode()
    key = hashlib.pbkdf2_hmac("sha256", octets, salt, min(iterations, 10_000), 32)
    scheme = tlv(SEQUENCE, tlv(OID, AES_256_CBC), tlv(OCTETS, vector))
    algorithm = tlv(SEQUENCE, tlv(OID, PBES2), tlv(SEQUENCE, _pbkdf2(salt, iterations), scheme))
    pad = 16 - len(plain) % 16
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return algorithm, cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()


def shrouded_key(key: bytes, *, password: str | bytes = "secret", iterations: int = 2048) -> bytes:
    """Return a bag with an encrypted private key."""
    algorithm, ciphertext = _pbes2(iterations, password, key)
    return tlv(SEQUENCE, tlv(OID, SHROUDED_KEY), tlv(CONTEXT, tlv(SEQUENCE, algorithm, tlv(OCTETS, ciphertext))))


def certificate_bag(der: bytes) -> bytes:
    """Return a bag with a certificate that nobody has looked at."""
    inside = tlv(SEQUENCE, tlv(OID, X509), tlv(CONTEXT, tlv(OCTETS, der)))
    return tlv(SEQUENCE, tlv(OID, CERTIFICATE), tlv(CONTEXT, inside))


def encrypted(*bags: bytes, password: str | bytes = "secret", iterations: int = 2048) -> bytes:
    """Return an encrypted collection of *bags*."""
    algorithm, ciphertext = _pbes2(iterations, password, tlv(SEQUENCE, *bags))
    info = tlv(SEQUENCE, tlv(OID, DATA), algorithm, tlv(0x80, ciphertext))
    return tlv(SEQUENCE, tlv(OID, ENCRYPTED), tlv(CONTEXT, tlv(SEQUENCE, integer(0), info)))


def plain(*bags: bytes) -> bytes:
    """Return a plain collection of *bags*."""
    return data_info(tlv(SEQUENCE, *bags))


def triple_des(issued: Issued, password: str) -> bytes:
    """Return a file as Windows and old OpenSSL write it."""
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303 - what such files use
        .build(password.encode())
    )
    return pkcs12.serialize_key_and_certificates(None, issued.key, issued.certificate, list(issued.chain), encryption)


def certificates_only(*issued: Issued, password: str = "secret") -> bytes:
    """Return a file without a private key."""
    encryption = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(None, None, None, [one.certificate for one in issued], encryption)


def key_with(issued: Issued, *others: Issued, password: str = "secret") -> bytes:
    """Return a file with the key of *issued* and only the certificates of *others*."""
    encryption = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(None, issued.key, None, [one.certificate for one in others] or None, encryption)


def key_for_pss_only(issued: Issued) -> Issued:
    """Return *issued* with a certificate that says its RSA key is for PSS signatures only; its own signature no longer fits."""
    return _with_key_algorithm(issued, tlv(SEQUENCE, tlv(OID, RSASSA_PSS)))


def curve_by_parameters(issued: Issued) -> Issued:
    """Return *issued* with a certificate that writes out the parameters of P-256; its own signature no longer fits."""
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    b = "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
    generator = (
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    parameters = tlv(
        SEQUENCE,
        integer(1),
        tlv(SEQUENCE, tlv(OID, PRIME_FIELD), integer(prime)),
        tlv(SEQUENCE, tlv(OCTETS, (prime - 3).to_bytes(32)), tlv(OCTETS, bytes.fromhex(b))),
        tlv(OCTETS, bytes.fromhex(generator)),
        integer(order),
        integer(1),
    )
    return _with_key_algorithm(issued, tlv(SEQUENCE, tlv(OID, EC_PUBLIC_KEY), parameters))


def _with_key_algorithm(issued: Issued, algorithm: bytes) -> Issued:
    certificate = asn1_x509.Certificate.load(issued.der)
    old = certificate["tbs_certificate"]["subject_public_key_info"]
    point = tlv(0x03, b"\0", old["public_key"].contents[1:])
    certificate["tbs_certificate"]["subject_public_key_info"] = type(old).load(tlv(SEQUENCE, algorithm, point))
    return Issued(certificate=x509.load_der_x509_certificate(certificate.dump(force=True)), key=issued.key)
