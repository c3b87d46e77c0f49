"""What entities look like: JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it) of what is sent and of what comes back."""

from __future__ import annotations

from typing import Any

from apis.backends.addresses import MOST, MOST_PRIORITY, MOST_WEIGHT
from apis.named_values.forms import MOST_TAGS
from apis.named_values.models import DISPLAY_NAME_MAX_LENGTH, VALUE_MAX_LENGTH
from apis.policy.reader import RULES
from apis.policy.references import NAME_PATTERN
from apis.policy.statements import STATEMENTS
from rest.entities.subscriptions import STATES

Schema = dict[str, Any]

_ID = {"type": "string", "readOnly": True}
_KEPT: Schema = {"description": "No effect here; kept and given back as it was sent."}
_KEPT_TEXT: Schema = {"type": ["string", "null"], **_KEPT}
_KEPT_OBJECT: Schema = {"type": ["object", "null"], **_KEPT}
_KEPT_OBJECTS: Schema = {"type": ["array", "null"], "items": {"type": "object"}, **_KEPT}


def text(description: str = "", *, longest: int = 0, **more: Any) -> Schema:
    """Return the schema of a text; ``null`` counts as absent."""
    schema: Schema = {"type": ["string", "null"], **more}
    return schema | ({"maxLength": longest} if longest else {}) | ({"description": description} if description else {})


def needed(description: str = "", *, longest: int = 0, **more: Any) -> Schema:
    """Return the schema of a text that must be there."""
    return text(description, longest=longest, **more) | {"type": "string", "minLength": 1}


def flag(description: str, default: bool) -> Schema:
    """Return the schema of true or false; ``null`` counts as absent."""
    return {"type": ["boolean", "null"], "default": default, "description": description}


def _whole(description: str, *, least: int, most: int, default: int) -> Schema:
    return {"type": ["integer", "null"], "minimum": least, "maximum": most, "default": default, "description": description}


def record(properties: Schema, *, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """Return the schema of an object."""
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {}), **more}


_KEY_NAMES = record(
    {
        "header": text("Looked at first.", default="Ocp-Apim-Subscription-Key", pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{0,100}$"),
        "query": text(default="subscription-key", pattern=r"^[A-Za-z0-9._~-]{0,100}$"),
    },
    type=["object", "null"],
)
_TLS = record(
    {
        "validateCertificateChain": flag("Off, the name is not checked either.", default=True),
        "validateCertificateName": flag("Whether the back end's certificate must bear its host name.", default=True),
    },
    type=["object", "null"],
)
_CREDENTIALS = record(
    {
        "certificateIds": {"type": ["array", "null"], "items": {"type": "string"}, "description": "The id of one certificate."},
        "certificate": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Or its thumbprint."},
        "authorization": record(
            {"scheme": text("Basic."), "parameter": text("User name, colon and password in base64; *** stands for the stored one.")},
            type=["object", "null"],
        ),
    },
    type=["object", "null"],
)
_AN_OBJECT: Schema = {"type": ["object", "null"]}
_OBJECTS: Schema = {"type": ["array", "null"], "items": {"type": "object"}}
_AUTHENTICATION = record(
    {
        **dict.fromkeys(("oAuth2", "openid"), _AN_OBJECT),
        **dict.fromkeys(("oAuth2AuthenticationSettings", "openidAuthenticationSettings"), _OBJECTS),
    },
    type=["object", "null"],
    description="What callers are told to bring; kept, given back, and not checked by the gateway.",
)
_API = {
    "authenticationSettings": _AUTHENTICATION,
    "displayName": needed(longest=300),
    "description": text(longest=4000),
    "path": text("The path of the API on the gateway; empty: the root.", longest=400) | {"type": "string"},
    "serviceUrl": text("Where the back end is; without it calls are answered with 502. Left out, it stays as it is.", longest=2000),
    "protocols": {"type": ["array", "null"], "items": {"enum": ["http", "https"]}, **_KEPT},
    "subscriptionRequired": flag("Whether callers need a subscription key.", default=True),
    "subscriptionKeyParameterNames": _KEY_NAMES,
    **dict.fromkeys(("contact", "license"), _KEPT_OBJECT),
    **dict.fromkeys(("termsOfServiceUrl", "apiRevisionDescription", "apiVersionDescription"), _KEPT_TEXT),
}
_API_SHOWN = {
    "provisioningState": {"const": "Succeeded"},
    "type": {"const": "http"},
    "apiRevision": {"const": "1"},
    "isCurrent": {"const": True},
    "isOnline": {"const": True},
}
_OPERATION = {
    "displayName": needed(longest=300),
    "method": needed("An HTTP verb, or * for any.", longest=20),
    "urlTemplate": needed("Such as /orders/{id} or /*.", longest=1000),
    "description": text(longest=1000),
    **dict.fromkeys(("templateParameters", "responses"), _KEPT_OBJECTS),
    "request": _KEPT_OBJECT,
}
_SUBSCRIPTION = {
    "displayName": needed(longest=100),
    "scope": needed("/apis for all APIs, or /apis/ and the name of one; a service's address may stand before it."),
    "state": text(f"One of {', '.join(STATES)}; keys open something in the first only."),
    "primaryKey": text("Made, if it is missing. Never shown but by listSecrets.", writeOnly=True),
    "secondaryKey": text("Made, if it is missing. Never shown but by listSecrets.", writeOnly=True),
    **dict.fromkeys(("ownerId", "stateComment"), _KEPT_TEXT),
    "allowTracing": {"type": ["boolean", "null"], **_KEPT},
}
_MEMBER = record(
    {
        "id": needed("The id of a back end of type Single."),
        "weight": _whole("Of how many calls.", least=1, most=MOST_WEIGHT, default=1),
        "priority": _whole("It is called once those of lower numbers fail.", least=0, most=MOST_PRIORITY, default=0),
    },
    required=("id",),
)
_POOL = record(
    {
        "services": {"type": "array", "items": _MEMBER, "minItems": 1, "maxItems": MOST},
        **dict.fromkeys(("sessionAffinity", "failureResponse"), _KEPT_OBJECT),
    },
    type=["object", "null"],
    description="The members of a pool, which has neither url nor credentials of its own.",
)
_BREAKER = record(
    {"rules": {"type": ["array", "null"], "items": {"type": "object"}, "maxItems": 1}},
    type=["object", "null"],
    description="One rule, which counts failed calls in a row: no answer, or any 5xx.",
)
_BACKEND = {
    "url": text("Where it is; decides over the APIs whose serviceUrl lies at it. {{name}} stands for a named value.", longest=2000),
    "protocol": text(default="http"),
    "title": text(longest=300),
    "description": text(longest=2000),
    "tls": _TLS,
    "credentials": _CREDENTIALS,
    "type": text("A pool is sent with its members and without a url.", enum=["Single", "Pool", None]),
    "pool": _POOL,
    "circuitBreaker": _BREAKER,
}
_BACKEND_SHOWN = {"type": {"enum": ["Single", "Pool"]}}
_NAMED_VALUE = {
    "displayName": needed("What {{…}} names in policies and settings.", longest=DISPLAY_NAME_MAX_LENGTH, pattern=rf"^{NAME_PATTERN}$"),
    "value": text("Left out, it stays as it is. Of a secret one told by listValue alone.", longest=VALUE_MAX_LENGTH),
    "secret": flag("Whether it is sealed and hidden.", default=False),
    "tags": {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": MOST_TAGS},
}
_POLICY = {
    "value": needed(f"A policy document. It may hold base and {', '.join(sorted({*STATEMENTS, *RULES}))}."),
    "format": text(default="xml", enum=["xml", "rawxml", None]),
}

# What is sent with PUT: its properties, and which of them must be there. PATCH takes the same, with none needed.
SENT: dict[str, Schema] = {
    "Certificate": record(
        {"data": needed("A PFX file, or PEM, in base64."), "password": text("The one it was exported with.", writeOnly=True)},
        required=("data",),
    ),
    "Api": record(_API, required=("displayName", "path")),
    "Operation": record(_OPERATION, required=("displayName", "method", "urlTemplate")),
    "Policy": record(_POLICY, required=("value",)),
    "Subscription": record(_SUBSCRIPTION, required=("displayName", "scope")),
    "Backend": record(_BACKEND, anyOf=[{"required": ["url"]}, {"required": ["pool"]}]),
    "NamedValue": record(_NAMED_VALUE, required=("displayName",)),
    "Authority": record(
        {"certificates": text("PEM, one or several."), "data": text("Or a file in base64: PEM, DER or PKCS#7.", writeOnly=True)}
    ),
}
CERTIFICATE_SHOWN = {
    "subject": {"type": "string"},
    "thumbprint": {"type": "string", "pattern": "^[0-9A-F]{40}$"},
    "expirationDate": {"type": "string", "format": "date-time"},
}
_WORDS = {"type": ["array", "null"], "items": {"type": "string"}}
_CERTIFICATE_JUDGED = {
    "keyUsage": _WORDS | {"description": "As RFC 5280 names it; null: not limited."},
    "extendedKeyUsage": _WORDS | {"description": "As RFC 5280 names it, else by OID; null: not limited."},
    "signatureAlgorithm": {"type": "string"},
    "warnings": {"type": "array", "items": {"type": "string"}, "description": "Why back ends may refuse it; also as Warning headers."},
}
_SHOWN: dict[str, Schema] = {
    "Certificate": record({**CERTIFICATE_SHOWN, **_CERTIFICATE_JUDGED}, required=tuple(CERTIFICATE_SHOWN)),
    "Api": record({**_API, **_API_SHOWN}, required=("displayName", "path", *_API_SHOWN)),
    "Operation": record(_OPERATION, required=("displayName", "method", "urlTemplate")),
    "Policy": record(_POLICY, required=("value", "format")),
    "Subscription": record(
        {name: schema for name, schema in _SUBSCRIPTION.items() if not name.endswith("Key")}, required=("displayName", "scope", "state")
    ),
    "Backend": record({**_BACKEND, **_BACKEND_SHOWN}, required=("protocol", "type")),
    "NamedValue": record(_NAMED_VALUE, required=("displayName", "secret", "tags")),
    "Authority": record(
        {
            "subject": {"type": "string", "description": "Of the first certificate."},
            "thumbprints": {"type": "array", "items": {"type": "string", "pattern": "^[0-9A-F]{40}$"}},
            "expirationDate": {"type": "string", "format": "date-time", "description": "Of the certificate that ends first."},
            "certificates": {"type": "string", "description": "PEM."},
        },
        required=("subject", "thumbprints", "expirationDate", "certificates"),
    ),
}
_SERVICE = record(
    {
        "provisioningState": {"const": "Succeeded"},
        "gatewayUrl": {"type": "string", "description": "Where callers reach the gateway."},
        "publisherName": {"type": "string"},
        "publisherEmail": {"type": "string"},
        "managementApiUrl": {"type": "string", "description": "What the addresses of this API begin with."},
    },
    required=("provisioningState", "gatewayUrl", "publisherName", "publisherEmail", "managementApiUrl"),
)
_ENTITY = {"id": _ID, "type": _ID, "name": _ID}
_DETAIL = record({name: {"type": "string"} for name in ("code", "target", "message")}, required=("code", "target", "message"))
_ERROR = record(
    {"code": {"type": "string"}, "message": {"type": "string"}, "details": {"type": "array", "items": _DETAIL}},
    required=("code", "message", "details"),
)


def page_of(entity: Schema) -> Schema:
    """Return the schema of one page of a list."""
    return record(
        {
            "value": {"type": "array", "items": entity},
            "count": {"type": "integer", "description": "On all pages."},
            "nextLink": {"type": ["string", "null"], "description": "The address of the next page, to be asked as it is."},
        },
        required=("value", "count", "nextLink"),
    )


def entity_of(properties: Schema) -> Schema:
    """Return the schema of an entity that shows *properties*."""
    return record({**_ENTITY, "properties": properties}, required=("id", "type", "name", "properties"))


def reference(name: str) -> Schema:
    """Return the reference to a schema of :func:`components`."""
    return {"$ref": f"#/components/schemas/{name}"}


def components() -> dict[str, Schema]:
    """Return every schema by name: ``Api``, ``ApiPage``, ``ApiSent``, ``ApiPatch`` and so on, and ``Error``."""
    found: dict[str, Schema] = {"Error": record({"error": _ERROR}, required=("error",))}
    for name, shown in _SHOWN.items():
        found[name] = entity_of(shown)
        found[f"{name}Page"] = page_of(reference(name))
        found[f"{name}Sent"] = record({"properties": SENT[name]}, required=("properties",))
        optional = {key: value for key, value in SENT[name].items() if key not in {"required", "anyOf"}}
        found[f"{name}Patch"] = record({"properties": optional}, required=("properties",))
    found["FlatCertificate"] = record({"id": _ID, **CERTIFICATE_SHOWN}, required=("id", *CERTIFICATE_SHOWN))
    found["FlatCertificatePage"] = page_of(reference("FlatCertificate"))
    found["FlatCertificateSent"] = SENT["Certificate"]
    found["Service"] = entity_of(_SERVICE)
    keys = {name: {"type": "string"} for name in ("primaryKey", "secondaryKey")}
    found["Value"] = record({"value": {"type": "string"}}, required=("value",))
    found["Keys"] = record(keys, required=tuple(keys))
    return found
