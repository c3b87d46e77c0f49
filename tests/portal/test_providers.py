"""Company accounts are described by the environment; what lacks is said with its variable."""

from __future__ import annotations

import pytest

from portal.signin.providers import BadProvider, providers

WHOLE = {
    "PORTAL_OIDC_PROVIDERS": "Acme-1",
    "PORTAL_OIDC_ACME_1_ISSUER": "https://login.example.com/",
    "PORTAL_OIDC_ACME_1_CLIENT_ID": "portal",
    "PORTAL_OIDC_ACME_1_CLIENT_SECRET": "hidden",
    "PORTAL_OIDC_ACME_1_ROLES": "portal admins=Administrators, a=b=viewers",
}


def test_one_that_is_described_is_taken() -> None:
    (provider,) = providers(WHOLE.get).values()
    assert (provider.id, provider.name, provider.issuer) == ("acme-1", "acme-1", "https://login.example.com")
    assert provider.roles == {"portal admins": "Administrators", "a=b": "Viewers"}
    assert providers(dict[str, str]().get) == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PORTAL_OIDC_PROVIDERS": "a b"}, "a b is no name for a provider"),
        (
            {"PORTAL_OIDC_PROVIDERS": "acme-1,other"},
            "PORTAL_OIDC_OTHER_ISSUER and PORTAL_OIDC_OTHER_CLIENT_ID and PORTAL_OIDC_OTHER_CLIENT_SECRET",
        ),
        ({"PORTAL_OIDC_ACME_1_CLIENT_SECRET": ""}, "names acme-1, so PORTAL_OIDC_ACME_1_CLIENT_SECRET must be set."),
        ({"PORTAL_OIDC_ACME_1_ROLES": "staff=Owners"}, "'Owners' is none."),
        ({"PORTAL_OIDC_ACME_1_ROLES": "Viewers"}, "PORTAL_OIDC_ACME_1_ROLES must be value=role"),
    ],
)
def test_what_lacks_or_is_wrong_is_named(changes: dict[str, str], words: str) -> None:
    with pytest.raises(BadProvider) as refusal:
        providers((WHOLE | changes).get)
    assert words in str(refusal.value)
    assert "hidden" not in str(refusal.value)
