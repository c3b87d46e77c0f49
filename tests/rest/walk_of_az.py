"""The command-line client, unmodified, pointed at the portal alone. Not in the suite: it is large and slow.

Of its 74 ``az apim`` commands 29 are about kinds that the portal has; all of them work. The requests that they have made are recorded in
``recorded/az.json``, which the suite replays (``test_recorded_az.py``). Of the others 6 list what is not there, and find nothing.

``python -m pytest tests/rest/walk_of_az.py`` with ``AZURE_CLI`` naming its ``az`` (``pip install azure-cli`` in an environment of its own).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from apis.models import Operation, Subscription
from rest import actions
from tests.apis.documents import TEXT
from tests.makers import issue
from tests.rest.https import serving

Az = Callable[..., Any]
NAMED = ("-g", "default", "--service-name", "portal")
OURS = {
    *("apim list", "apim show", "apim wait"),
    *(f"apim api {verb}" for verb in ("create", "delete", "export", "import", "list", "show", "update", "wait", "revision list")),
    *(f"apim api operation {verb}" for verb in ("create", "delete", "list", "show", "update")),
    *(f"apim backend {verb}" for verb in ("create", "delete", "list", "show", "update")),
    *(f"apim nv {verb}" for verb in ("create", "delete", "list", "show", "show-secret", "update", "wait")),
}
ABSENT = {
    *("apim product list", "apim deletedservice list", "apim graphql resolver list"),
    *(f"apim api {kind} list" for kind in ("release", "schema", "versionset")),
}


@pytest.fixture
def az(tmp_path: Path, publisher: User) -> Any:
    """Return the client, signed in."""
    made = actions.create_token(publisher, name="az", role="", by=publisher, now=timezone.now())
    with serving(tmp_path) as server:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AZURE_CONFIG_DIR": str(tmp_path / "az"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "REQUESTS_CA_BUNDLE": str(server.authority),
        }

        def run(*words: str, fails: str = "") -> Any:
            run.used.add(" ".join(takewhile(lambda word: not word.startswith("-"), words)))  # type: ignore[attr-defined]
            command = [os.environ["AZURE_CLI"], *words]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
            assert (done.returncode != 0) == bool(fails), f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
            assert fails in done.stderr
            return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout

        run.used = set()  # type: ignore[attr-defined]
        run("cloud", "register", "--name", "portal", "--endpoint-resource-manager", f"{server.url}/management")
        run("cloud", "set", "--name", "portal")
        secret = made.token.value.decode()
        run("login", "--service-principal", "--tenant", "adfs", "--username", made.row.identifier, "--password", secret)
        yield run


@pytest.mark.django_db(transaction=True)
def test_az_manages_every_kind(az: Az, tmp_path: Path) -> None:
    assert [one["name"] for one in az("account", "list")] == ["portal"]
    assert [one["name"] for one in az("group", "list")] == ["default"]
    assert az("apim", "show", "-g", "default", "--name", "portal")["name"] == "portal"
    az("apim", "wait", "-g", "default", "--name", "portal", "--created")
    assert [one["name"] for one in az("apim", "list")] == ["portal"]
    _apis(az, tmp_path)
    _operations(az)
    _back_ends(az)
    _named_values(az)
    _policies_and_certificates(az, tmp_path)
    _elsewhere(az)
    _deployments(az, tmp_path)
    assert az("apim", "api", "delete", *NAMED, "--api-id", "pets", "-y") == ""
    assert az.used >= OURS | ABSENT  # type: ignore[attr-defined]


def _apis(az: Az, folder: Path) -> None:
    (folder / "pets.json").write_text(TEXT)
    path = ("--specification-path", str(folder / "pets.json"), "--specification-format", "OpenApiJson")
    made = az("apim", "api", "import", *NAMED, "--path", "pets", "--api-id", "pets", *path)
    assert (made["displayName"], made["serviceUrl"]) == ("Pets", "https://pets.example.com/v1")
    assert Operation.objects.count() == 3
    az("apim", "api", "import", *NAMED, "--path", "w", "--specification-format", "Wsdl", "--specification-path", "pets.json", fails="wsdl")
    for kind, suffix in (("OpenApiYamlFile", "openapi.yaml"), ("OpenApiJsonFile", "openapi+json.json"), ("SwaggerFile", "swagger.json")):
        az("apim", "api", "export", *NAMED, "--api-id", "pets", "--export-format", kind, "--file-path", str(folder))
        assert "listPets" in (folder / f"pets_{suffix}").read_text()
    assert "link" in str(az("apim", "api", "export", *NAMED, "--api-id", "pets", "--export-format", "OpenApiYamlUrl"))
    az("apim", "api", "create", *NAMED, "--api-id", "plain", "--path", "plain", "--display-name", "Plain")
    assert az("apim", "api", "update", *NAMED, "--api-id", "plain", "--description", "Changed")["description"] == "Changed"
    assert {one["name"] for one in az("apim", "api", "list", *NAMED)} == {"pets", "plain"}
    assert az("apim", "api", "show", *NAMED, "--api-id", "plain")["path"] == "plain"
    az("apim", "api", "wait", "-g", "default", "--name", "portal", "--api-id", "plain", "--exists")
    az("apim", "api", "delete", *NAMED, "--api-id", "plain", "-y")


def _operations(az: Az) -> None:
    of = (*NAMED, "--api-id", "pets")
    sent = ("--url-template", "/pets/{petId}/photos", "--method", "POST", "--display-name", "Add photo", "--operation-id", "photo")
    az("apim", "api", "operation", "create", *of, *sent, "--template-parameters", "name=petId", "type=string", "required=true")
    assert az("apim", "api", "operation", "update", *of, "--operation-id", "photo", "--description", "A photo")["description"] == "A photo"
    assert len(az("apim", "api", "operation", "list", *of)) == 4
    assert az("apim", "api", "operation", "show", *of, "--operation-id", "photo")["method"] == "POST"
    az("apim", "api", "operation", "delete", *of, "--operation-id", "photo")


def _back_ends(az: Az) -> None:
    of = (*NAMED, "--backend-id", "shop")
    made = az("apim", "backend", "create", *of, "--url", "https://shop.example.com/v1", "--protocol", "http", "--description", "The shop")
    assert (made["url"], made["protocol"], made["description"]) == ("https://shop.example.com/v1", "http", "The shop")
    assert az("apim", "backend", "update", *of, "--url", "https://shop.example.com/v2")["url"] == "https://shop.example.com/v2"
    assert [one["name"] for one in az("apim", "backend", "list", *NAMED)] == ["shop"]
    assert az("apim", "backend", "show", *of)["description"] == "The shop"
    az("apim", "backend", "delete", *of, "-y")
    assert az("apim", "backend", "list", *NAMED) == []


def _named_values(az: Az) -> None:
    of = (*NAMED, "--named-value-id", "word")
    made = az("apim", "nv", "create", *of, "--display-name", "word", "--value", "open", "--secret", "true", "--tags", "a", "b")
    assert (made["displayName"], made["secret"], made["value"], made["tags"]) == ("word", True, None, ["a", "b"])
    az("apim", "nv", "wait", *of, "--exists")  # the client looks for no state of these
    assert az("apim", "nv", "show-secret", *of)["value"] == "open"
    assert az("apim", "nv", "update", *of, "--value", "sesame")["name"] == "word"
    assert az("apim", "nv", "show-secret", *of)["value"] == "sesame"
    assert [one["name"] for one in az("apim", "nv", "list", *NAMED)] == ["word"]
    assert az("apim", "nv", "show", *of)["secret"] is True
    az("apim", "nv", "delete", *of, "-y")


def _policies_and_certificates(az: Az, folder: Path) -> None:
    pfx = folder / "client.pfx"
    pfx.write_bytes(issue("client").pfx_file("secret"))
    service = "/subscriptions/{}/resourceGroups/default/providers/Microsoft.ApiManagement/service/portal"
    account = az("account", "show")["id"]
    assert account
    url = service.format(account)
    assert az("rest", "--method", "get", "--url", f"{url}/certificates?api-version=2024-05-01")["value"] == []
    body = json.dumps({"properties": {"scope": "/apis/pets", "displayName": "Pets"}})
    az("rest", "--method", "put", "--url", f"{url}/subscriptions/pets?api-version=2024-05-01", "--body", body)
    assert Subscription.objects.get().name == "pets"


def _deployments(az: Az, folder: Path) -> None:
    api = {"type": "Microsoft.ApiManagement/service/apis", "apiVersion": "2024-05-01", "name": "[concat('portal/', parameters('name'))]"}
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string"}},
        "resources": [api | {"properties": {"path": "deployed", "displayName": "Deployed"}}],
    }
    (folder / "template.json").write_text(json.dumps(template))
    of = ("-g", "default", "--name", "first")
    made = az("deployment", "group", "create", *of, "--template-file", "template.json", "--parameters", "name=deployed")
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert az("deployment", "group", "show", *of)["name"] == "first"
    assert az("apim", "api", "show", *NAMED, "--api-id", "deployed")["displayName"] == "Deployed"


def _elsewhere(az: Az) -> None:
    assert az("apim", "nv", "list", *NAMED) == []
    assert az("apim", "product", "list", *NAMED) == []
    assert az("apim", "deletedservice", "list") == []
    assert az("apim", "graphql", "resolver", "list", *NAMED, "--api-id", "pets") == []
    assert az("apim", "api", "versionset", "list", *NAMED) == []
    assert len(az("apim", "api", "revision", "list", *NAMED, "--api-id", "pets")) == 1
    az("apim", "api", "schema", "list", *NAMED, "--api-id", "pets")
    az("apim", "api", "release", "list", *NAMED, "--api-id", "pets")
