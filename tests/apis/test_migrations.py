"""What APIs held as PEM becomes entries when the tables are brought up to date."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from apis.models import Api
from certificates.authorities.models import Authority
from kit.issuing import issue
from tests.makers import make_api

pytestmark = pytest.mark.django_db


def make_entries() -> None:
    """Do what the migration does, on the rows that are there."""
    migration = MigrationLoader(None).disk_migrations["apis", "0005_pasted_authorities"]
    (operation,) = migration.operations
    state: Any = MigrationExecutor(connection).loader.project_state(("apis", "0005_pasted_authorities")).apps
    code: Any = operation
    code.code(state, None)


def test_equal_certificates_are_one_entry_named_by_their_subject_and_damaged_texts_stay() -> None:
    root, other = issue("Root CA", authority=True), issue("Root CA", authority=True)
    held = {
        "first": root.pem,
        "second": f"ours\r\n{root.pem}",
        "third": other.pem + root.pem,
        "fourth": root.pem + other.pem,
        "fifth": "nonsense",
    }
    for name, pem in held.items():
        Api.objects.filter(pk=make_api(name).pk).update(trusted_ca=pem)
    Api.objects.filter(name="fifth").update(caller_authorities=root.pem)
    make_entries()
    make_entries()  # another time, as after an end on the way
    assert Authority.objects.count() == 2
    found = dict(Api.objects.values_list("name", "trusted_authority__name"))
    assert found["first"] == found["second"] == "root-ca"
    assert found["third"] == found["fourth"] == "root-ca-2"
    assert not found["fifth"]
    fifth = Api.objects.select_related("caller_authority").get(name="fifth")
    assert fifth.caller_authority
    assert (fifth.trusted_ca, fifth.caller_authority.name) == ("nonsense", "root-ca")
    assert apps.get_model("authorities", "AuthorityVersion").objects.count() == 2
    for api in Api.objects.exclude(trusted_authority=None).select_related("trusted_authority__current"):
        assert api.trusted_authority
        assert api.trusted_authority.current
        assert api.trusted_ca == api.trusted_authority.current.pem
