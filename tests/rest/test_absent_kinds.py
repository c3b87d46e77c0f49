"""Tools that list, clean up or inventory everything go through kinds that the portal lacks; only making one is refused, by its name."""

from __future__ import annotations

import pytest

from rest.entities import absent
from tests.makers import make_api
from tests.rest.conftest import Wire, read, targets

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

_BELOW_AN_API = [f"apis/orders/{kind}" for kind in absent.OF_AN_API]
_BELOW_AN_OPERATION = [f"apis/orders/operations/everything/{kind}" for kind in absent.OF_AN_OPERATION]
COLLECTIONS = [*absent.OF_THE_SERVICE, *_BELOW_AN_API, *_BELOW_AN_OPERATION]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_collection_of_what_the_portal_lacks_is_empty(wire: Wire, collection: str) -> None:
    make_api("orders")
    assert read(wire.get(collection)) == {"value": [], "count": 0, "nextLink": None}
    assert read(wire.get(f"{collection.upper()}?$top=3&$filter=name eq 'x'"))["value"] == []
    assert wire.request("HEAD", collection).status_code == 200
    assert wire.post(collection).status_code == 405


@pytest.mark.parametrize("collection", [one for one in COLLECTIONS if one not in {"tenant", "reports"}])
def test_one_of_them_is_not_there_cannot_be_made_and_is_deleted_already(wire: Wire, collection: str) -> None:
    make_api("orders")
    kind = collection.rpartition("/")[2]
    one = f"{collection}/some"
    for method in ("GET", "HEAD"):
        assert wire.request(method, one).status_code == 404
    refused = wire.put(one, {"displayName": "Some"})
    assert (refused.status_code, targets(refused)) == (400, [kind])
    assert kind in read(refused)["error"]["details"][0]["message"]
    assert wire.delete(one, If_Match="*").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "products/starter/apis", 404),
        ("PUT", "products/starter/apis/orders", 400),
        ("DELETE", "products/starter/apis/orders", 204),
        ("POST", "namedValues/secret/listValue", 404),
        ("GET", "reports/byApi", 200),
        ("GET", "apis/none/schemas", 404),
        ("PUT", "apis/none/schemas/some", 404),
        ("GET", "apis/orders/operations/none/policies", 404),
        ("GET", "tenant", 200),
    ],
)
def test_what_lies_below_them_is_answered_alike(wire: Wire, method: str, path: str, status: int) -> None:
    make_api("orders")
    body = {"properties": {}} if method == "PUT" else b""
    assert wire.request(method, path, body).status_code == status


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "tenant/access/listSecrets"), ("GET", "tenant/access"), ("PATCH", "tenant/gitAccess")]
)
def test_the_service_has_no_credentials_of_its_own(wire: Wire, method: str, path: str) -> None:
    answer = wire.request(method, path)
    assert (answer.status_code, read(answer)["error"]["code"]) == (403, "AuthorizationFailed")
    assert "make an access token" in read(answer)["error"]["message"]


def test_an_api_has_one_revision_in_the_list(wire: Wire) -> None:
    make_api("orders")
    (revision,) = read(wire.get("apis/orders/revisions"))["value"]
    assert revision["apiId"].endswith("/apis/orders;rev=1")
    assert (revision["apiRevision"], revision["isCurrent"], revision["isOnline"]) == ("1", True, True)
    assert wire.get("apis/none/revisions").status_code == 404


def test_what_nobody_has_ever_published_is_not_found(wire: Wire) -> None:
    assert wire.get("inventions").status_code == 404
    assert wire.put("inventions/some", {}).status_code == 404
