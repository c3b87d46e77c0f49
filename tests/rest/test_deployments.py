"""Deployments of the resource manager: templates as people write them, and as Bicep makes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone

from apis.models import Api, NamedValue, Operation, Subscription
from rest.deployments import functions
from rest.deployments.expressions import BadTemplate, evaluate
from rest.deployments.relaxed import strict
from rest.models import Deployment
from tests.apis.documents import TEXT, site
from tests.makers import issue
from tests.rest.conftest import Wire, read

pytestmark = pytest.mark.django_db
GROUP = "/management/subscriptions/0000/resourcegroups/group/providers/Microsoft.Resources/deployments"
SERVICE = "Microsoft.ApiManagement/service"
TEMPLATE: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "service": {"type": "string", "defaultValue": "portal"},
        "pfx": {"type": "secureString"},
        "password": {"type": "secureString"},
        "regions": {"type": "array", "defaultValue": ["north", "south"]},
        "open": {"type": "bool", "defaultValue": False},
    },
    "variables": {"api": "pets", "name": "[concat(parameters('service'), '/', variables('api'))]"},
    "resources": [
        {
            "type": f"{SERVICE}/apis/policies",
            "name": "[concat(variables('name'), '/policy')]",
            "dependsOn": ["[resourceId('Microsoft.ApiManagement/service/apis', parameters('service'), variables('api'))]"],
            "properties": {
                "format": "rawxml",
                "value": "<policies><inbound><base /><authentication-certificate certificate-id='shop' /></inbound></policies>",
            },
        },
        {
            "type": f"{SERVICE}/apis",
            "name": "[variables('name')]",
            "properties": {"displayName": "[format('{0} of {1}', 'Pets', variables('api'))]", "path": "pets", "serviceUrl": "https://a.example.com"},
            "resources": [
                {
                    "type": "operations",
                    "name": "[parameters('regions')[copyIndex()]]",
                    "copy": {"name": "each", "count": "[length(parameters('regions'))]"},
                    "properties": {"displayName": "R", "method": "GET", "urlTemplate": "[concat('/', parameters('regions')[copyIndex()])]"},
                }
            ],
        },
        {
            "type": f"{SERVICE}/certificates",
            "name": "[concat(parameters('service'), '/shop')]",
            "properties": {"data": "[parameters('pfx')]", "password": "[parameters('password')]"},
        },
        {"condition": "[parameters('open')]", "type": f"{SERVICE}/subscriptions", "name": "portal/open", "properties": {}},
    ],
    "outputs": {"id": {"type": "string", "value": "[resourceId('Microsoft.ApiManagement/service/apis', 'portal', variables('api'))]"}},
}  # fmt: skip
BICEP: dict[str, Any] = {
    "languageVersion": "2.0",
    "resources": {
        "service": {"existing": True, "type": SERVICE, "name": "portal"},
        "api": {
            "type": f"{SERVICE}/apis",
            "name": "[format('{0}/{1}', 'portal', 'pets')]",
            "properties": {"path": "pets", "format": "openapi+json", "value": TEXT},
        },
        "all": {"type": f"{SERVICE}/subscriptions", "name": "portal/all", "properties": {"displayName": "All", "scope": "/apis/pets"}},
    },
}


def values() -> dict[str, Any]:
    data = base64.b64encode(issue("shop").pfx_file("a secret")).decode()
    return {"pfx": {"value": data}, "password": {"value": "a secret"}}


@pytest.fixture
def deploy(wire: Wire) -> Callable[..., HttpResponse]:
    """Return what sends a template."""
    wire.prefix, wire.version = GROUP, "2021-04-01"

    def send(template: Any, parameters: Any = None, *, path: str = "first", method: str = "PUT", **more: Any) -> HttpResponse:
        properties = {"mode": "Incremental", "template": template, "parameters": parameters or {}, **more}
        return wire.request(method, path, {"properties": properties})

    return send


def test_a_template_becomes_entities_whatever_its_order(deploy: Callable[..., HttpResponse], wire: Wire) -> None:
    answer = deploy(TEMPLATE, values())
    assert answer.status_code == 201, answer.content
    api = Api.objects.get()
    assert (api.name, api.display_name, api.certificate and api.certificate.name) == ("pets", "Pets of pets", "shop")
    assert {str(one) for one in Operation.objects.all()} == {"GET /north", "GET /south"}
    assert not Subscription.objects.exists()
    told = read(answer)["properties"]
    assert told["provisioningState"] == "Succeeded"
    assert told["outputs"]["id"]["value"].endswith("/service/portal/apis/pets")
    assert len(told["outputResources"]) == 5
    assert read(wire.get("first"))["properties"] == told
    assert [one["name"] for one in read(wire.get(""))["value"]] == ["first"]


def test_what_is_secret_is_kept_nowhere(deploy: Callable[..., HttpResponse]) -> None:
    given = values()
    assert "a secret" not in deploy(TEMPLATE, given).content.decode()
    kept = json.dumps(Deployment.objects.get().properties)
    assert "a secret" not in kept
    assert given["pfx"]["value"] not in kept


SECRETLY: list[dict[str, Any]] = [
    {"$ref": "#/definitions/password"},
    {"$ref": "#/definitions/account"},
    {"$ref": "#/definitions/loop"},
    {"$ref": "#/definitions/none"},
    {"$ref": "https://example.com/definitions/password"},
    {"type": "secureObject"},
    {"type": "object", "properties": {"type": {"type": "string"}, "password": {"type": "securestring"}}},
    {"type": "object", "additionalProperties": {"$ref": "#/definitions/password"}},
    {"type": "array", "items": {"$ref": "#/definitions/password"}},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "secureString"}]},
]
DEFINITIONS: dict[str, Any] = {
    "password": {"type": "securestring"},
    "account": {"type": "object", "properties": {"password": {"$ref": "#/definitions/password"}}},
    "loop": {"type": "object", "properties": {"next": {"$ref": "#/definitions/loop"}, "password": {"$ref": "#/definitions/password"}}},
    "plain": {"type": "object", "properties": {"next": {"$ref": "#/definitions/plain"}, "name": {"type": "string"}}},
}


@pytest.mark.parametrize("declaration", SECRETLY)
def test_what_is_secret_by_its_parts_or_by_reference_is_kept_nowhere(
    deploy: Callable[..., HttpResponse], declaration: dict[str, Any]
) -> None:
    template = {
        "languageVersion": "2.0",
        "definitions": DEFINITIONS,
        "parameters": {"Hidden": declaration, "shown": {"$ref": "#/definitions/plain"}},
        "resources": {},
        "outputs": {
            "hidden": declaration | {"value": "[parameters('hidden')]"},
            "shown": {"$ref": "#/definitions/plain", "value": "[parameters('shown')]"},
        },
    }
    answer = deploy(template, {"hidden": {"value": {"password": "a secret"}}, "shown": {"value": {"name": "public"}}})
    assert answer.status_code == 201, answer.content
    assert "a secret" not in answer.content.decode() + json.dumps(Deployment.objects.get().properties)
    told = read(answer)["properties"]
    assert (told["parameters"]["shown"]["value"], told["outputs"]["shown"]["value"]) == ({"name": "public"}, {"name": "public"})


def test_what_bicep_makes_with_an_import_is_deployed_twice_alike(deploy: Callable[..., HttpResponse]) -> None:
    assert deploy(BICEP).status_code == 201
    assert deploy(BICEP).status_code == 200
    assert Operation.objects.count() == 3
    assert Subscription.objects.get().name == "all"


def test_a_definition_may_be_a_link(deploy: Callable[..., HttpResponse]) -> None:
    with site() as there:
        there.documents["/pets.json"] = TEXT
        linked = {"path": "pets", "format": "openapi-link", "value": f"{there.url}/pets.json"}
        assert deploy({"resources": [BICEP["resources"]["api"] | {"properties": linked}]}).status_code == 201
        refused = deploy({"resources": [BICEP["resources"]["api"] | {"properties": linked | {"value": f"{there.url}/none"}}]})
    assert read(refused)["error"]["details"][0]["target"] == "apis/pets.value"
    assert Operation.objects.count() == 3


def test_a_validation_stores_nothing(deploy: Callable[..., HttpResponse]) -> None:
    assert deploy(BICEP, path="first/validate", method="POST").status_code == 200
    assert not Api.objects.exists()
    assert not Deployment.objects.exists()


def test_all_or_nothing(deploy: Callable[..., HttpResponse]) -> None:
    wrong = {"type": f"{SERVICE}/subscriptions", "name": "portal/bad", "properties": {"scope": "/apis"}}
    answer = deploy({"resources": [*BICEP["resources"].values(), wrong]})
    assert answer.status_code == 400
    assert read(answer)["error"]["details"][0]["target"] == "subscriptions/bad.displayName"
    assert not Api.objects.exists()
    assert not Deployment.objects.exists()


def back_end(name: str, **more: Any) -> dict[str, Any]:
    return {"type": f"{SERVICE}/backends", "name": f"portal/{name}", "properties": {"protocol": "http", **more}}


def test_loops_in_properties_variables_and_outputs_make_lists(deploy: Callable[..., HttpResponse]) -> None:
    tag = {"name": "tags", "count": 2, "input": "[concat(variables('words')[copyIndex('tags')], string(copyIndex('tags', 1)))]"}
    template = {
        "variables": {"copy": [{"name": "words", "count": 2, "input": "[concat('w', string(copyIndex('words')))]"}]},
        "resources": [
            {
                "type": f"{SERVICE}/namedValues",
                "name": "[concat('portal/v', string(copyIndex()))]",
                "copy": {"name": "each", "count": 2},
                "properties": {"displayName": "[concat('v', copyIndex('each'))]", "value": "[string(copyIndex())]", "copy": [tag]},
            }
        ],
        "outputs": {"o": {"type": "array", "copy": {"count": 2, "input": {"number": "[copyIndex()]"}}}},
    }
    answer = deploy(template)
    assert answer.status_code == 201, answer.content
    assert [(one.name, one.value, one.tags) for one in NamedValue.objects.order_by("name")] == [
        ("v0", "0", ["w01", "w12"]),
        ("v1", "1", ["w01", "w12"]),
    ]
    assert read(answer)["properties"]["outputs"]["o"]["value"] == [{"number": 0}, {"number": 1}]


def test_loops_in_loops_have_an_end(deploy: Callable[..., HttpResponse]) -> None:
    inner: Any = 1
    for name in "abc":
        inner = {"copy": [{"name": name, "count": 800, "input": inner}]}
    assert "too often" in deploy({"resources": [], "outputs": {"o": {"type": "object", "value": inner}}}).content.decode()


def test_a_pool_comes_after_its_members(deploy: Callable[..., HttpResponse]) -> None:
    pool = back_end("a-pool", type="Pool", pool={"services": [{"id": "/backends/member"}]})
    answer = deploy({"resources": [pool, back_end("member", url="https://a.example.com", type="Single")]})
    assert answer.status_code == 201, answer.content


def test_a_named_value_may_be_called_as_it_was_before(deploy: Callable[..., HttpResponse]) -> None:
    value = {"type": f"{SERVICE}/properties", "name": "portal/host", "properties": {"displayName": "host", "value": "a.example.com"}}
    answer = deploy({"resources": [back_end("shop", url="https://{{host}}"), value]})
    assert answer.status_code == 201, answer.content
    assert NamedValue.objects.get().value == "a.example.com"


def test_an_api_may_be_named_with_its_revision(deploy: Callable[..., HttpResponse]) -> None:
    operation = {"displayName": "R", "method": "GET", "urlTemplate": "/"}
    child = {"type": f"{SERVICE}/apis/operations", "name": "portal/a;rev=1/read", "properties": operation}
    assert deploy({"resources": [*resource(name="portal/a;rev=1")["resources"], child]}).status_code == 201
    assert [one.name for one in Api.objects.get().operations.all()] == ["read"]
    assert deploy(resource(name="portal/a;rev=2")).status_code == 400


def test_a_deployment_is_one_however_its_name_is_spelled(deploy: Callable[..., HttpResponse], wire: Wire) -> None:
    for name, status in (("Main", 201), ("main", 200)):
        answer = deploy({"resources": [], "outputs": {"o": {"type": "string", "value": name}}}, path=name)
        assert answer.status_code == status
    assert [one["name"] for one in read(wire.get(""))["value"]] == ["Main"]
    assert read(wire.get("MAIN"))["properties"]["outputs"]["o"]["value"] == "main"


def test_deployments_whose_names_differ_in_case_alone_become_one(deploy: Callable[..., HttpResponse]) -> None:
    for name in ("Main", "MAIN"):  # as they were kept before
        Deployment.objects.create(group="/subscriptions/0000/resourcegroups/group", name=name, made_at=timezone.now())
    assert deploy({"resources": []}, path="main").status_code == 200
    assert Deployment.objects.count() == 1


def resource(**changes: Any) -> dict[str, Any]:
    return {"resources": [{"type": f"{SERVICE}/apis", "name": "portal/a", "properties": {"displayName": "A", "path": "a"}} | changes]}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (None, "links are not followed"),
        ({"resources": "none"}, "neither a list nor an object"),
        (resource(type="Microsoft.Web/sites"), "type Microsoft.Web/sites"),
        (resource(type=f"{SERVICE}/products"), "kind products"),
        (resource(name="a"), "does not fit"),
        (resource(name="other/a"), "no service other"),
        (resource(name="[parameters('none')]"), "no parameter none"),
        (resource(name="[variables('none')]"), "no variable none"),
        (resource(name="[reference('x').y]"), "function reference"),
        (resource(name="[concat('a'"), "does not fit"),
        (resource(name="[concat('a' 'b']"), "cannot be read"),
        (resource(name="[split('a')]"), "cannot be called so"),
        (resource(copy={"count": 10**9}), "up to 800"),
        (resource(properties={"displayName": "A", "path": "a", "contact": {"copy": {"count": 1}}}), "called copy here is a list"),
        (resource(properties={"copy": [{"name": "a", "count": 801, "input": 1}]}), "up to 800"),
        (resource(properties={"copy": [{"name": "a", "count": 1, "input": "[copyIndex('b')]"}]}), "no copy b"),
        ({"variables": {"copy": [{"count": 1}]}, "resources": []}, "called copy here is a list"),
        ({"resources": [], "outputs": {"o": {"type": "array", "copy": 5}}}, "called copy here is a loop"),
        ({"parameters": {"a": {"type": "string"}}, "resources": []}, "parameter a has no value"),
        ({"variables": {"a": "[variables('a')]"}} | resource(name="[variables('a')]"), "needs itself"),
        ({"parameters": ["a"], "resources": []}, "cannot be read"),
    ],
)
def test_what_cannot_be_deployed_is_told_and_stores_nothing(deploy: Callable[..., HttpResponse], template: Any, words: str) -> None:
    answer = deploy(template)
    assert answer.status_code == 400, answer.content
    assert words in json.dumps(read(answer)["error"])
    assert not Api.objects.exists()


def test_only_incremental_deployments_are_possible(deploy: Callable[..., HttpResponse]) -> None:
    assert "Incremental" in deploy(BICEP, mode="Complete").content.decode()
    assert not Api.objects.exists()


def test_viewers_deploy_nothing(deploy: Callable[..., HttpResponse], wire: Wire, wire_of: Callable[[User], Wire], viewer: User) -> None:
    wire.token = wire_of(viewer).token
    assert deploy(BICEP).status_code == 403
    assert wire.get("").status_code == 200


def test_a_deployment_is_forgotten_when_it_is_deleted(deploy: Callable[..., HttpResponse], wire: Wire) -> None:
    deploy(BICEP)
    assert read(wire.get("FIRST/operations"))["value"] == []
    assert wire.delete("first").status_code == 204
    assert wire.get("first").status_code == 404
    assert Api.objects.exists()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{"properties": {"mode": "x", template:{"a": 1}}}', {"properties": {"mode": "x", "template": {"a": 1}}}),
        ('{// a comment: "yes"\n"a": "http://b", /* and, ] */ "c": [1, 2, // last\n],}', {"a": "http://b", "c": [1, 2]}),
        ('{"a": "one\ntwo // no comment, {b: 1,}"}', {"a": "one\ntwo // no comment, {b: 1,}"}),
        ('{"a": "\\"b: 1,}"}', {"a": '"b: 1,}'}),
    ],
)
def test_templates_are_read_as_they_are_written(written: str, meant: Any) -> None:
    assert json.loads(strict(written)) == meant


@pytest.mark.parametrize("piece", ["a", "/*", '\\"', ",  ", "a  ", "//", "{", '"'])
def test_a_template_without_an_end_takes_no_time_without_end(piece: str) -> None:
    text = '{"' + piece * 500_000
    assert len(strict(text)) <= 3 * len(text)
    assert len(strict(text[2:])) <= 3 * len(text)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[concat('a', 'it''s', 1)]", "ait's1"),
        ("[if(equals('A', 'a'), 'yes', 'no')]", "yes"),
        ("[toLower(join(createArray('A', 'B'), '-'))]", "a-b"),
        ("[json('{\"a\": [1, 2]}').a[1]]", 2),
        ("[last(split('a/b', '/'))]", "b"),
        ("[[literal]", "[literal]"),
        ("plain", "plain"),
        ("[base64ToString(base64('ü'))]", "ü"),
        ("[coalesce(null(), 'x')]", "x"),
        ("[union(createObject('a', 1), createObject('b', true())).b]", True),
    ],
)
def test_an_expression_comes_to_its_value(expression: str, value: Any) -> None:
    assert evaluate(expression, functions.PURE) == value


@pytest.mark.parametrize(
    "value",
    [
        "json('1e999')",
        "json('NaN')",
        "json('[-Infinity]')",
        "add(json('1e308'), json('1e308'))",
        "base64ToString('AA==')",
        "json('\"\\ud800\"')",
    ],
)
def test_what_no_database_takes_is_refused_wherever_it_was_made(deploy: Callable[..., HttpResponse], value: str) -> None:
    assert deploy({"resources": [], "outputs": {"o": {"type": "object", "value": f"[{value}]"}}}).status_code == 400
    assert deploy(resource(properties={"displayName": "A", "path": "a", "contact": {"name": f"[{value}]"}})).status_code == 400
    assert not Deployment.objects.exists()


@pytest.mark.parametrize("doubled", ["createArray(variables('v{0}'), variables('v{0}'))", "concat(variables('v{0}'), variables('v{0}'))"])
def test_a_template_is_no_way_to_fill_the_memory(deploy: Callable[..., HttpResponse], doubled: str) -> None:
    variables = {"v0": "", **{f"v{number}": f"[{doubled.format(number - 1)}]" for number in range(1, 60)}}
    answer = deploy({"variables": variables, "resources": [], "outputs": {"o": {"type": "array", "value": "[variables('v59')]"}}})
    assert answer.status_code == (400 if "Array" in doubled else 201)


def test_an_expression_is_no_way_to_fill_the_memory() -> None:
    with pytest.raises(BadTemplate):
        evaluate("[" + "not(" * 60 + "true()" + ")" * 60 + "]", functions.PURE)
    large = "createArray(" + ",".join(["'" + "x" * 2_000 + "'"] * 8) + ")"
    with pytest.raises(BadTemplate):
        evaluate(f"[replace(join({large}, 'x'), 'x', '{'x' * 2_000}')]", functions.PURE)
