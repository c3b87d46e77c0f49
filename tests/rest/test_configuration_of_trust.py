"""Trusted authorities in the exported configuration: entries with their certificates, and APIs that name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone
from django.utils.translation import override

from apis import actions
from apis.callers import CallerCertificate
from apis.models import Api, Credentials
from certificates.authorities.models import Authority
from kit.issuing import issue
from tests.makers import make_api
from tests.rest.test_configuration import exported, imported

pytestmark = pytest.mark.django_db
ROOT, OTHER = (issue(name, authority=True) for name in ("Root", "Other root"))


@pytest.fixture
def trusting() -> None:
    """Store an API whose back end and callers have to lead to authorities."""
    api = make_api("orders")
    secured = actions.ApiSecurity(credentials=Credentials.NONE, trusted_ca=ROOT.pem)
    actions.secure_api(api, secured, by=None, now=timezone.now())
    let_in = actions.ApiCallers(caller_certificate=CallerCertificate.REQUIRED, caller_authorities=OTHER.pem)
    actions.change_callers(api, let_in, by=None, now=timezone.now())


def _forget_everything() -> None:
    Api.objects.all().delete()
    Authority.objects.update(current=None)
    Authority.objects.all().delete()


@pytest.mark.usefixtures("trusting")
class TestTrust:
    def test_entries_come_with_their_certificates_and_apis_name_them(self, tmp_path: Path) -> None:
        document = exported()
        assert document["authorities"] == [
            {"name": "other-root", "certificates": OTHER.pem},
            {"name": "root", "certificates": ROOT.pem},
        ]
        (api,) = document["apis"]
        assert (api["security"]["trusted_authority"], api["security"]["trusted_ca"]) == ("root", "")
        assert (api["callers"]["caller_authority"], api["callers"]["caller_authorities"]) == ("other-root", "")
        assert imported(document, tmp_path) == []
        _forget_everything()
        assert "+ authorities/root" in imported(document, tmp_path)
        assert exported() == document

    def test_a_file_from_before_there_were_entries_means_what_it_meant(self, tmp_path: Path) -> None:
        document = _as_it_was(exported())
        assert imported(document, tmp_path) == []
        _forget_everything()
        imported(document, tmp_path)
        assert Api.objects.values_list("trusted_ca", "trusted_authority__name").get() == (ROOT.pem, "root")
        document["apis"][0]["security"]["trusted_ca"] = ""
        assert imported(document, tmp_path) == ["~ apis/orders/security"]
        assert Api.objects.filter(trusted_ca="", trusted_authority=None).exists()

    def test_other_certificates_replace_what_an_entry_holds(self, tmp_path: Path) -> None:
        document = exported()
        document["authorities"][1]["certificates"] = ROOT.pem + issue("Third", authority=True).pem
        assert imported(document, tmp_path) == ["~ authorities/root"]
        assert Api.objects.get().trusted_ca == document["authorities"][1]["certificates"]

    @pytest.mark.parametrize(
        ("certificates", "words"),
        [(OTHER.pem, "are the trusted authority other-root already"), ("nonsense", "in PEM form"), (ROOT.key_pem, "private key")],
    )
    def test_what_cannot_be_is_named(self, tmp_path: Path, certificates: str, words: str) -> None:
        document = exported()
        document["authorities"][1]["certificates"] = certificates
        with pytest.raises(CommandError, match=words):
            imported(document, tmp_path)

    def test_what_is_not_mentioned_is_deleted_if_that_is_asked_for_and_nothing_trusts_it(self, tmp_path: Path) -> None:
        document = exported()
        document["authorities"] = []
        with pytest.raises(CommandError, match="These APIs trust the authority: orders"):
            imported(document, tmp_path, "--delete-unmentioned")
        with override("zh-hans"), pytest.raises(CommandError, match="以下 API 信任该颁发机构：orders"):
            imported(document, tmp_path, "--delete-unmentioned")
        document["apis"][0]["security"]["trusted_authority"] = ""
        document["apis"][0]["callers"]["caller_certificate"] = "none"
        assert "- authorities/root" in imported(document, tmp_path, "--delete-unmentioned")
        assert not Authority.objects.exists()


def _as_it_was(document: Any) -> Any:
    del document["authorities"]
    for api in document["apis"]:
        del api["security"]["trusted_authority"], api["callers"]["caller_authority"]
        api["security"]["trusted_ca"], api["callers"]["caller_authorities"] = ROOT.pem, OTHER.pem
    return document
