"""Schemas of what stands below certificate entries: what is sent, and what comes back."""

from __future__ import annotations

from certificates.rollout.models import Rules
from certificates.signing import KeyKind
from certificates.sources.models import SourceKind
from rest.openapi.schemas import Schema, entity_of, flag, needed, page_of, record, reference, text

_KEYS = [one.value for one in KeyKind]
_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_MOMENT: Schema = {"type": ["string", "null"], "format": "date-time"}
_WORD: Schema = {"type": ["string", "null"]}
_COUNT: Schema = {"type": "integer"}
_MINUTES: Schema = {"type": ["integer", "null"], "minimum": 1, "maximum": 10_080}
_DECISION = {
    "at": text("The moment, with when = at: ISO 8601."),
    "timeZone": text("Of a moment without an offset; UTC, if nothing is said."),
    "confirmed": flag("That what is warned of is meant.", default=False),
}
_CONTACT = record({"person": text("A user name."), "address": text("Or a mail address."), "language": text("Of the mail.")})
_RULES: Schema = {
    "sources": {"enum": Rules.Sources.values},
    "windowDays": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 6}, "description": "0: Monday."},
    "windowFrom": {"type": "string", "description": "A time of the day, such as 02:00."},
    "windowTo": {"type": "string"},
    "windowZone": {"type": "string"},
    "anotherPerson": {"type": "boolean"},
    "destroyAfterDays": {"type": ["integer", "null"], "minimum": 1, "maximum": 3650},
    "canary": {"type": "string", "description": "The API that presents a new version first; empty: all at once."},
    "canaryMinutes": _MINUTES,
    "probationMinutes": {"type": ["integer", "null"], "minimum": 1, "maximum": 1440},
    "paths": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Asked in the try, by API."},
}

# Bodies of PUT, within "properties".
SENT: dict[str, Schema] = {
    "CertificateCandidate": record(
        {
            "data": text("A PFX file, or PEM, in base64."),
            "password": text("The one it was exported with.", writeOnly=True),
            "version": {"type": "integer", "minimum": 1, "maximum": 999_999_999, "description": "Or the number of an earlier version."},
        }
    ),
    "AuthorityCandidate": record({"certificates": text("PEM."), "data": text("Or a file in base64.", writeOnly=True)}),
    "Source": record(
        {
            "kind": {"enum": SourceKind.values, "default": SourceKind.WATCHED.value},
            **{name: text("Of a watched place.") for name in ("path", "passwordFile", "keyFile", "chainFile")},
            "directory": text("Of an ACME authority that administrators allow."),
            "names": _NAMES | {"description": "Host names or IP addresses to order."},
            "challenge": text("http-01 or dns-01."),
            "key": {"enum": _KEYS},
            "email": text("Where the authority writes to."),
            "accountIdentifier": text("For external account binding."),
            "accountKey": text("In base64; not kept.", writeOnly=True),
        }
    ),
    "Request": record({"subject": text("CN=…,O=…"), "names": _NAMES, "key": {"enum": _KEYS}}),
    "Rules": record(_RULES),
    "Contacts": record({"contacts": {"type": "array", "items": _CONTACT}}, required=("contacts",)),
}
# Bodies of POST, as they are.
PLAIN: dict[str, Schema] = {
    "RollBack": record({"version": {"type": "integer", "minimum": 1, "maximum": 999_999_999}}, required=("version",)),
    "Decision": record(
        {
            "when": {"enum": ["now", "accepted", "at", "after-try"], "description": "accepted: now, where back ends accept it."},
            **_DECISION,
            "canary": text("The API that presents it first; empty: all at once. Of client certificates."),
            "canaryMinutes": _MINUTES,
        },
        required=("when",),
    ),
    "Answer": record({"certificate": text("PEM, with or without the chain."), "data": text("Or PEM, DER or PKCS#7 in base64.")}),
    "Move": record({"apis": _NAMES | {"description": "Their names."}, "from": text("Or the certificate that they present now.")}),
    "MoveDecision": record({"when": {"enum": ["now", "accepted", "at", "after-try"]}, **_DECISION}, required=("when",)),
}
_TRY = record(dict.fromkeys(("api", "gateway", "outcome", "reason", "said"), _WORD))
_PROPOSED: Schema = {
    "proposedDate": _MOMENT,
    "proposedBy": _WORD,
    "when": _WORD,
    "at": _MOMENT,
    "timeZone": _WORD,
    "confirmedDate": _MOMENT,
    "confirmedBy": _WORD,
    "trouble": _WORD,
    "try": {"enum": ["running", "done", None]},
    "warnings": _NAMES,
    "hasToBeConfirmed": {"type": "boolean"},
    "accepted": {"type": "boolean"},
    "tries": {"type": "array", "items": _TRY},
}
# What stands in "properties" of answers.
SHOWN: dict[str, Schema] = {
    "Version": record(
        {"version": _COUNT, "isCurrent": {"type": "boolean"}, "subject": _WORD, "expirationDate": _MOMENT, "staying": _NAMES}
    ),
    "Candidate": record({"subject": _WORD, "expirationDate": _MOMENT, **_PROPOSED}),
    "Receipt": record({"change": _COUNT, "at": _MOMENT, "what": _WORD, "by": _WORD, "source": _WORD, "gateways": {"type": "object"}}),
    "Source": record(
        {
            "kind": {"enum": SourceKind.values},
            "settings": {"type": "object"},
            **dict.fromkeys(("lookedDate", "deliveredDate", "failingSince", "dueDate"), _MOMENT),
            "trouble": _WORD | {"description": "Why it brings nothing."},
        }
    ),
    "Request": record({"subject": {"type": "string"}, "names": _NAMES, "keyType": _WORD, "request": needed("PEM.")}),
    "Rules": record(_RULES),
    "Contacts": record({"contacts": {"type": "array", "items": _CONTACT}}),
    "Probation": record(
        {
            "version": _COUNT,
            "before": _COUNT,
            "canary": _WORD | {"description": "The API that presents it alone."},
            **dict.fromkeys(("beganDate", "endsDate", "endedDate"), _MOMENT),
            "outcome": _WORD | {"description": "passed, put-back or superseded, once it has ended."},
            "seen": {"type": "array", "items": record({"api": _WORD, "calls": _COUNT, "refused": _COUNT})},
        }
    ),
    "Move": record({"apis": _NAMES, **_PROPOSED}),
    "Notice": record(
        {
            "kind": {"type": "string"},
            "name": {"type": "string"},
            **dict.fromkeys(("subject", "thumbprint", "acknowledgedBy"), _WORD),
            "expirationDate": _MOMENT | {"description": "null: it fails, and trouble says why."},
            "trouble": _WORD,
            "apis": _NAMES,
            "acknowledgedDate": _MOMENT,
        }
    ),
}
LISTED = ("Version", "Receipt", "Move", "Notice")
_SIGNED = record({"receipt": {"type": "object"}, "signature": {"type": "object"}}, required=("receipt", "signature"))
# Answers that are no entities.
AS_THEY_ARE: dict[str, Schema] = {
    "SignedReceipt": _SIGNED,
    "Switched": record({"switched": _NAMES, "staying": _NAMES}, required=("switched", "staying")),
    "Moved": record({"moved": _NAMES, "staying": _NAMES}, required=("moved", "staying")),
}


def components() -> dict[str, Schema]:
    """Return every schema by name: ``Rules``, ``RulesSent`` and so on."""
    sent = {f"{name}Sent": record({"properties": schema}, required=("properties",)) for name, schema in SENT.items()}
    plain = {f"{name}Sent": schema for name, schema in PLAIN.items()}
    lists = {f"{name}List": page_of(reference(name)) for name in LISTED}
    return {**{name: entity_of(shown) for name, shown in SHOWN.items()}, **lists, **AS_THEY_ARE, **sent, **plain}
