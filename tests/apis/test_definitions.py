"""Documents of the kinds that public APIs publish, each with a trap, and those that strangers write to do harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apis.definitions import writing
from apis.definitions.model import DEEPEST, MOST_BYTES, MOST_OPERATIONS, Definition, Problem, Unreadable, Why
from apis.definitions.opening import open_definition
from apis.definitions.reading import read
from apis.exchange.planning import Wanted, operations_of, plan
from apis.exchange.settings import suggested_by
from apis.exchange.words import aside, problem
from apis.url_template import BadTemplate, check_template

CASES = Path(__file__).parent / "cases"
DOCUMENTS = sorted((CASES / "openapi").iterdir())
EXPECTED: dict[str, Any] = json.loads((CASES / "openapi_expected.json").read_text(encoding="utf-8"))
TOP = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: "


def left_out(definition: Definition) -> set[str]:
    """Return why parts are left out, and where that is short."""
    _suggested, asides = suggested_by(definition)
    all_of_them = (*asides, *operations_of(definition).asides)
    assert all(aside(one).strip() and "%(" not in aside(one) for one in all_of_them)
    placed = {one: one.place and one.why != Why.NOT_AS_PUBLISHED and len(one.place) < 200 for one in all_of_them}
    return {f"{one.why} {one.place}" if there else one.why.value for one, there in placed.items()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_becomes_operations_and_what_is_left_out_is_told(path: Path) -> None:
    definition = read(path.read_bytes())
    suggested, _asides = suggested_by(definition)
    expected = EXPECTED[path.name]
    assert (suggested.display_name, suggested.service_url) == (expected["title"], expected["server"])
    found = [f"{one.name}: {one.method} {one.url_template}" for one in operations_of(definition).operations]
    assert found == expected["operations"]
    assert left_out(definition) == set(expected["left_out"])


def test_the_child_reads_what_this_process_reads() -> None:
    data = (CASES / "openapi" / "24-swagger-consumes.yaml").read_bytes()
    assert open_definition(data) == read(data)


def bomb(levels: int) -> str:
    lines = ["x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"x-{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 8)}]" for level in range(1, levels)]
    return "\n".join([*lines, "openapi: 3.0.0", "paths: {}"])


MANY: dict[str, Any] = {f"/{number}": {"get": {}} for number in range(MOST_OPERATIONS + 1)}
HOSTILE: list[tuple[str, str | bytes, Problem]] = [
    ("nothing", "", Problem.EMPTY),
    ("blanks", " \n\t\n", Problem.EMPTY),
    ("too large", b"#" * (MOST_BYTES + 1), Problem.TOO_LARGE),
    ("latin 1", "title: größe".encode("latin-1"), Problem.NOT_TEXT),
    ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Problem.NOT_TEXT),
    ("a zero", b"openapi: 3.0.0\0", Problem.NOT_TEXT),
    ("half of JSON", '{"openapi": "3.0.0", "paths": {', Problem.NOT_JSON),
    ("indented by tabs", f"{TOP}\n\t/a:\n\t\tget: {{}}", Problem.NOT_YAML),
    ("undefined alias", f"{TOP}*none", Problem.NOT_YAML),
    ("aliases that repeat a billion times", bomb(12), Problem.TOO_MANY),
    ("an alias within itself", "openapi: 3.0.0\npaths: &p\n  /a: *p", Problem.CONTAINS_ITSELF),
    ("a merge within itself", "openapi: 3.0.0\npaths: &p\n  <<: *p", Problem.CONTAINS_ITSELF),
    ("a key that is a list", f"{TOP}{{[a, b]: c}}", Problem.COMPLEX_KEY),
    ("Python's own tags", f"{TOP}!!python/object/apply:os.system ['true']", Problem.TAG),
    ("an include", f"{TOP}!include paths.yaml", Problem.TAG),
    ("deep YAML", TOP + "[" * 150 + "]" * 150, Problem.TOO_DEEP),
    ("very deep YAML", TOP + "[" * 900, Problem.TOO_DEEP),
    ("deep by aliases", "a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60, Problem.TOO_DEEP),
    ("deep JSON", "[" * 200 + "]" * 200, Problem.TOO_DEEP),
    ("very deep JSON", "[" * 200_000 + "]" * 200_000, Problem.TOO_DEEP),
    ("many values", "[" + "0," * 450_000 + "0]", Problem.TOO_MANY),
    ("many operations", json.dumps({"openapi": "3.0.0", "paths": MANY}), Problem.TOO_MANY_OPERATIONS),
    ("WSDL", '<?xml version="1.0"?><wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"/>', Problem.OTHER_KIND),
    ("WADL", '<application xmlns="http://wadl.dev.java.net/2009/02"/>', Problem.OTHER_KIND),
    ("a web page", "<!DOCTYPE html><html><body>Log in</body></html>", Problem.OTHER_KIND),
    ("entities of XML", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', Problem.OTHER_KIND),
    ("GraphQL", "# our schema\ntype Query {\n  orders: [Order!]!\n}\n", Problem.OTHER_KIND),
    ("GraphQL introspection", '{"data": {"__schema": {"types": []}}}', Problem.OTHER_KIND),
    ("AsyncAPI", "asyncapi: 3.0.0\ninfo: {title: a}", Problem.OTHER_KIND),
    ("RAML", "#%RAML 1.0\ntitle: a", Problem.OTHER_KIND),
    ("Postman", '{"info": {"_postman_id": "1", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/"}}', Problem.OTHER_KIND),
    ("protocol buffers", 'syntax = "proto3";', Problem.OTHER_KIND),
    ("Swagger 1.2", '{"swaggerVersion": "1.2", "apis": []}', Problem.OTHER_VERSION),
    ("OpenAPI 4", "openapi: 4.0.0\npaths: {}", Problem.OTHER_VERSION),
    ("something else", "hello: world", Problem.NO_DEFINITION),
    ("a list", "[1, 2]", Problem.NO_DEFINITION),
    ("a text", '"openapi"', Problem.NO_DEFINITION),
    ("no paths", "openapi: 3.1.0\ninfo: {title: T, version: '1'}", Problem.NO_PATHS),
    ("another file", f"{TOP}{{/a: {{$ref: 'paths/a.yaml'}}}}", Problem.ELSEWHERE),
    ("another site", f"{TOP}{{/a: {{get: {{parameters: [{{$ref: 'https://example.com/p.json#/a'}}]}}}}}}", Problem.ELSEWHERE),
    ("a file of this machine", f"{TOP}{{}}\ncomponents: {{schemas: {{A: {{$ref: 'file:///etc/passwd'}}}}}}", Problem.ELSEWHERE),
    ("a response elsewhere", f"{TOP}{{/a: {{get: {{responses: {{default: {{$ref: 'r.json'}}}}}}}}}}", Problem.ELSEWHERE),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_document_that_is_none_or_means_harm_is_refused_in_a_sentence(document: str | bytes, expected: Problem) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(document if isinstance(document, bytes) else document.encode())
    assert refusal.value.problem == expected
    assert "%(" not in problem(refusal.value)
    assert problem(refusal.value).endswith(".")


def test_a_refusal_names_what_lies_elsewhere() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(f"{TOP}{{/a: {{$ref: 'paths/a.yaml'}}, /b: {{$ref: 'b.yaml#/b'}}}}".encode())
    assert "paths/a.yaml, b.yaml#/b" in problem(refusal.value)


@pytest.mark.parametrize(
    "data", ["example: {$ref: a.yaml}", "properties: {$ref: {type: string}, default: {type: string}}", "enum: [{$ref: a}]"]
)
def test_what_only_looks_like_a_reference_is_none(data: str) -> None:
    assert read(f"{TOP}{{}}\ncomponents: {{schemas: {{A: {{{data}}}}}}}".encode()).kind == "OpenAPI 3.0.3"


@pytest.mark.parametrize("text", ["half \\ud800", "zero \\u0000"])
def test_what_no_database_takes_does_not_come_through(text: str) -> None:
    found = open_definition(f'{{"openapi": "3.0.0", "info": {{"title": "{text}"}}, "paths": {{}}}}'.encode())
    assert "\0" not in found.title
    assert found.title.encode()


def test_as_deep_as_allowed_is_read() -> None:
    inner = "[" * (DEEPEST - 5) + "]" * (DEEPEST - 5)
    assert read(f"{TOP}{{}}\nx-deep: {inner}".encode()).operations == ()


def operation(name: str, method: str, template: str, display_name: str = "") -> Wanted:
    return Wanted(name=name, display_name=display_name or name, method=method, url_template=template)


def test_operations_keep_their_names_whatever_else_changes() -> None:
    before = [operation("orders", "GET", "/orders/{id}"), operation("add", "POST", "/orders"), operation("old", "GET", "/old")]
    after = [operation("get-order", "GET", "/orders/{orderId}"), operation("add", "PUT", "/orders"), operation("old", "GET", "/new")]
    found = plan(before, [*after, operation("ORDERS", "DELETE", "/orders")])
    assert {one.before.name: one.after.signature for one in found.changed} == {
        "orders": "GET /orders/{orderId}",
        "add": "PUT /orders",
        "old": "GET /new",
    }
    assert [one.signature for one in found.stops] == ["POST /orders", "GET /old"]
    assert [(one.name, one.signature) for one in found.added] == [("ORDERS-1", "DELETE /orders")]


_WORDS = st.from_regex(r"[a-z{}*]{1,6}", fullmatch=True)
_SIGNATURES = st.sampled_from(
    ["/", "/a", "/a/{b}", "/a/{b}/c", "/*", "/a/{*rest}", "/a?q={q}", "/a?q={q}&r={r}", "/a?v=1", "/a/", "/A({b})", "/%20"]
)


@given(st.lists(st.tuples(st.sampled_from(["GET", "POST", "*", "PURGE", "TRACE", "QUERY"]), _SIGNATURES), unique=True, max_size=12))
def test_what_is_exported_is_imported_as_it_was(signatures: list[tuple[str, str]]) -> None:
    there = [operation(f"o{number}", method, template, f"O {number}") for number, (method, template) in enumerate(signatures)]
    there = [one for one in there if [each.key for each in there].count(one.key) == 1]
    names = ("name", "display_name", "method", "url_template", "description")
    written = tuple(writing.Written(**{name: getattr(one, name) for name in names}, documentation={}) for one in there)
    source = writing.Source(title="T", description="", server="https://gateway.example.com/t", keys=("Key", "key"), operations=written)
    for write in (writing.openapi, writing.swagger):
        found = plan(there, operations_of(read(json.dumps(write(source)).encode())).operations)
        assert (found.added, found.gone, found.changed) == ((), (), ())


@given(st.lists(st.one_of(_WORDS, st.text(max_size=5)), max_size=5))
def test_whatever_a_path_holds_it_is_a_template_or_told(words: list[str]) -> None:
    document = {"openapi": "3.0.0", "info": {"title": "T", "version": "1"}, "paths": {"/" + "/".join(words): {"get": {}}}}
    found = operations_of(read(json.dumps(document).encode()))
    for one in found.operations:
        try:
            assert check_template(one.url_template) == one.url_template
        except BadTemplate as refusal:
            raise AssertionError(one.url_template) from refusal
    assert found.operations or found.asides
