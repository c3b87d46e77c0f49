"""Recognises documents of other kinds, so that they can be refused by name. [pure]"""

from __future__ import annotations

import re

_BEGINNING = 4_000  # characters; what a document is stands at its beginning
_XML = (
    (re.compile(r"<(?:\w+:)?definitions\b[^>]*schemas\.xmlsoap\.org/wsdl"), "WSDL"),
    (re.compile(r"<(?:\w+:)?description\b[^>]*www\.w3\.org/ns/wsdl"), "WSDL 2.0"),
    (re.compile(r"<(?:\w+:)?definitions\b"), "WSDL"),
    (re.compile(r"<(?:\w+:)?application\b"), "WADL"),
    (re.compile(r"<(?:\w+:)?Edmx\b"), "OData (EDMX)"),
    (re.compile(r"<(?:!doctype\s+html|html)\b", re.IGNORECASE), "HTML"),
)
_OTHERS = (
    (re.compile(r"#%RAML\b"), "RAML"),
    (re.compile(r"(?:FORMAT: 1A|# Group )"), "API Blueprint"),
    (re.compile(r"[\s{]*[\"']?asyncapi[\"']?\s*:"), "AsyncAPI"),
    (re.compile(r"\s*\{.{0,200}[\"']_postman_id[\"']", re.DOTALL), "Postman"),
    (re.compile(r".{0,2000}schema\.getpostman\.com", re.DOTALL), "Postman"),
    (re.compile(r"syntax\s*=\s*[\"']proto[23][\"']"), "gRPC"),
    (re.compile(r"\s*\{\s*\"(?:data\"\s*:\s*\{\s*\")?__schema\""), "GraphQL"),
    (
        re.compile(
            r"(?:#[^\n]*\n|\"\"\".*?\"\"\"|\s)*(?:schema|(?:extend\s+)?(?:type|interface|input|enum)\s+\w+|scalar\s+\w+|directive\s+@\w+)[^:{]*(?:\{|@)",
            re.DOTALL,
        ),
        "GraphQL",
    ),
)


def other_kind(text: str) -> str:
    """Return the name of the kind of document that is not read here, empty if it may be one that is."""
    beginning = text[:_BEGINNING].lstrip()
    if beginning.startswith("<"):
        return next((name for pattern, name in _XML if pattern.search(beginning)), "XML")
    return next((name for pattern, name in _OTHERS if pattern.match(beginning)), "")
