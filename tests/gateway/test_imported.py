"""An imported definition, from its document to a real gateway."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apis import actions
from apis.definitions.opening import open_definition
from apis.exchange.actions import import_operations
from apis.exchange.planning import operations_of
from apis.models import Api
from tests.gateway.backends import Backend
from tests.gateway.plant import Plant, eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]


def bring(api: Api, by: User, **paths: object) -> None:
    """Import a document of *paths*, each with a GET."""
    document = {"openapi": "3.0.0", "info": {"title": "Files", "version": "1"}, "paths": {path: {"get": {}} for path in paths.values()}}
    definition = open_definition(json.dumps(document).encode())
    import_operations(api, operations_of(definition), kind=definition.kind, by=by, now=timezone.now())


def test_calls_go_by_the_newest_document(plant: Plant, plain: Backend, publisher: User) -> None:
    chosen = actions.ApiSettings(
        display_name="Files", service_url=f"http://localhost:{plain.port}/v1", path="files", subscription_required=False
    )
    api = actions.create_api("files", chosen, by=publisher, now=timezone.now())
    bring(api, publisher, rest="/blobs/{+path}", odata="/People('{name}')", other="/größe")
    eventually(lambda: plant.call("/files/blobs/a/b/c").status == 200)
    assert plain.calls[-1].target == "/v1/blobs/a/b/c"
    assert plant.call("/files/People('Ann')").status == 200
    assert plant.call("/files/gr%C3%B6%C3%9Fe").status == 200
    assert plant.call("/files/none").status == 404
    bring(api, publisher, odata="/People('{id}')", new="/new")
    eventually(lambda: plant.call("/files/new").status == 200)
    eventually(lambda: plant.call("/files/blobs/a/b/c").status == 404)
    assert plant.call("/files/People('Ann')").status == 200
