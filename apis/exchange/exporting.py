"""An API as a document, in the formats that there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from apis.definitions import writing
from apis.exchange import documenting
from apis.models import Api


@dataclass(frozen=True, slots=True)
class Format:
    """How a document is written."""

    write: Callable[[writing.Source], dict[str, Any]]
    dump: Callable[[dict[str, Any]], str]
    suffix: str
    content_type: str


def _as_yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, allow_unicode=True, width=140)


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


FORMATS = {
    "openapi": Format(writing.openapi, _as_yaml, "openapi.yaml", "application/yaml"),
    "openapi+json": Format(writing.openapi, _as_json, "openapi.json", "application/json"),
    "swagger": Format(writing.swagger, _as_json, "swagger.json", "application/json"),
}


def exported(api: Api, kind: str, server: str) -> str:
    """Return the document of *api*.

    :param kind: one of :data:`FORMATS`
    :param server: the URL that callers call
    """
    chosen = FORMATS[kind]
    return chosen.dump(chosen.write(_source(api, server)))


def _source(api: Api, server: str) -> writing.Source:
    rows = list(api.operations.all())
    told = documenting.of([row.pk for row in rows])
    names = ("name", "display_name", "method", "url_template", "description")
    written = (writing.Written(**{name: getattr(row, name) for name in names}, documentation=told.get(row.pk, {})) for row in rows)
    return writing.Source(
        title=api.display_name,
        description=api.description,
        server=server,
        keys=(api.key_header, api.key_query) if api.subscription_required else None,
        operations=tuple(written),
    )
