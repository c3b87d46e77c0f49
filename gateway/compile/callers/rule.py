"""What the script goes by: the rule of an API, for the metadata of its routes. [pure]"""

from __future__ import annotations

import base64
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.struct_pb2 import Struct

from apis.policy.model import Policy, ValidateClientCertificate


def rule_of(policy: Policy, rule: ValidateClientCertificate) -> Struct:
    """Return the *rule* of *policy* as metadata."""
    authorities = x509.load_pem_x509_certificates(policy.caller_authorities.encode()) if rule.trusted and policy.caller_authorities else []
    known = {
        "required": rule.required,
        "trusted": rule.trusted,
        "identities": [identity.thumbprint or identity.name for identity in rule.identities],
        "authorities": [_authority(one) for one in authorities],
        "set": hashlib.sha256(policy.caller_authorities.encode()).hexdigest(),  # what the script remembers paths by
    }
    metadata = Struct()
    metadata.update({"rule": known})
    return metadata


def _authority(certificate: x509.Certificate) -> dict[str, str | float]:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "key_id": base64.b64encode(_key_id(certificate)).decode(),
        "subject": base64.b64encode(certificate.subject.public_bytes()).decode(),
        "key": base64.b64encode(key).decode(),
        "not_before": certificate.not_valid_before_utc.timestamp(),
        "not_after": certificate.not_valid_after_utc.timestamp(),
    }


def _key_id(certificate: x509.Certificate) -> bytes:
    """Return the identifier of its key, as certificates below it name it; the usual one if it does not say."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).key_identifier
