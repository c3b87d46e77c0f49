"""What a definition holds, as far as it concerns a gateway, and what is wrong with one. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

MOST_BYTES = 4 * 1024 * 1024  # what the published service takes inline
MOST_VALUES = 400_000  # with everything that YAML's aliases repeat
DEEPEST = 100
MOST_OPERATIONS = 2_000


class Problem(StrEnum):
    """Why a document is not read at all."""

    EMPTY = "empty"
    TOO_LARGE = "too-large"
    NOT_TEXT = "not-text"
    NOT_JSON = "not-json"
    NOT_YAML = "not-yaml"
    TAG = "tag"
    COMPLEX_KEY = "complex-key"
    CONTAINS_ITSELF = "contains-itself"
    TOO_DEEP = "too-deep"
    TOO_MANY = "too-many"
    TOO_MANY_OPERATIONS = "too-many-operations"
    TOO_MUCH_WORK = "too-much-work"
    BUSY = "busy"
    OTHER_KIND = "other-kind"
    OTHER_VERSION = "other-version"
    NO_DEFINITION = "no-definition"
    NO_PATHS = "no-paths"
    ELSEWHERE = "elsewhere"


class Unreadable(Exception):
    """A document that is not read.

    :ivar details: what the sentence about it names: a line, a kind, references
    """

    def __init__(self, problem: Problem, **details: str) -> None:
        """Hold both."""
        super().__init__(problem.value)
        self.problem = problem
        self.details = details


class Why(StrEnum):
    """Why a part of a document is left out, or is not taken as it stands."""

    SECURITY = "security"
    SCHEMAS = "schemas"
    EXTENSIONS = "extensions"
    WEBHOOKS = "webhooks"
    CALLBACKS = "callbacks"
    COOKIES = "cookies"
    DUPLICATE_KEY = "duplicate-key"
    MORE_DOCUMENTS = "more-documents"
    NOT_AS_PUBLISHED = "not-as-published"
    DANGLING = "dangling"
    NOT_AN_OBJECT = "not-an-object"
    OTHER_SERVERS = "other-servers"
    OWN_SERVERS = "own-servers"
    RELATIVE_SERVER = "relative-server"
    SERVER_VARIABLES = "server-variables"
    UNUSABLE_SERVER = "unusable-server"
    NO_SERVER = "no-server"
    REFUSED_SERVER = "refused-server"
    QUERY_EXPANSION = "query-expansion"
    BAD_TEMPLATE = "bad-template"
    BAD_METHOD = "bad-method"
    SAME_CALLS = "same-calls"
    RENAMED = "renamed"
    RENAMED_PARAMETER = "renamed-parameter"
    SHORTENED = "shortened"
    CLEANED = "cleaned"
    HOLDS_KEY = "holds-key"


@dataclass(frozen=True, slots=True)
class Aside:
    """One thing that is left out or not taken as it stands, where it stands, and what its sentence names."""

    why: Why
    place: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of an operation, or a header of a response."""

    name: str
    where: str = "header"  # path, query, header, cookie
    required: bool = False
    type: str = "string"
    description: str = ""
    default: str | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer that an operation may give."""

    status: str  # three digits, 2XX or default
    description: str = ""
    content_types: tuple[str, ...] = ()
    headers: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as its document defines it."""

    method: str  # upper case; * for any
    path: str  # as the document spells it
    operation_id: str = ""
    summary: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    content_types: tuple[str, ...] = ()  # of its requests
    body_description: str = ""
    responses: tuple[Response, ...] = ()

    @property
    def place(self) -> str:
        """How people find it in the document."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A document, read."""

    kind: str  # "OpenAPI 3.0.3"
    title: str = ""
    description: str = ""
    server: str = ""  # an absolute URL, or one relative to where the document lies, or nothing
    schemes: tuple[str, ...] = ()  # by which it may be called, where the document says so apart from its servers
    operations: tuple[Operation, ...] = ()
    asides: tuple[Aside, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return plain values, which :meth:`from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Definition:
        """Return what :meth:`as_json` told."""
        rest = {name: told[name] for name in ("kind", "title", "description", "server")}
        asides = tuple(Aside(Why(one["why"]), one["place"], one["detail"]) for one in told["asides"])
        operations = tuple(map(_operation, told["operations"]))
        return cls(operations=operations, asides=asides, schemes=tuple(told["schemes"]), **rest)


def _operation(told: dict[str, Any]) -> Operation:
    parts = {
        "parameters": tuple(map(_parameter, told["parameters"])),
        "content_types": tuple(told["content_types"]),
        "responses": tuple(map(_response, told["responses"])),
    }
    return Operation(**(told | parts))


def _parameter(told: dict[str, Any]) -> Parameter:
    return Parameter(**(told | {"values": tuple(told["values"])}))


def _response(told: dict[str, Any]) -> Response:
    parts = {"content_types": tuple(told["content_types"]), "headers": tuple(map(_parameter, told["headers"]))}
    return Response(**(told | parts))
