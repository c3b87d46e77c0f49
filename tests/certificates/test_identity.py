"""What the gateway gets to present."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certificates.models import CertificateVersion
from tests.makers import issue, make_certificate


@pytest.mark.django_db
def test_an_identity_is_the_leaf_then_its_chain_and_the_key_that_fits() -> None:
    root = issue("root", authority=True)
    middle = issue("middle", by=root, authority=True)
    client = issue("orders-client", by=middle)
    make_certificate(issued=client)

    identity = CertificateVersion.objects.get().identity()

    assert x509.load_pem_x509_certificates(identity.certificate_chain_pem) == [client.certificate, middle.certificate]
    key = load_pem_private_key(identity.private_key_pem.value, None)
    assert key.public_key() == client.certificate.public_key()
    assert identity.private_key_pem.value == client.key_pem.encode()
    assert "PRIVATE KEY" not in repr(identity)
