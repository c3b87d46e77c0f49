"""A certificate's life in the document: what stands below entries, at addresses of our own (:mod:`rest.life`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest.openapi.life_schemas import SENT
from rest.openapi.schemas import reference

Document = dict[str, Any]
_OF_KEYS, _OF_MOVES = ("Certificate",), ("Certificates",)
_NUMBER = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1, "maximum": 999_999_999}}
_REFUSED = {"default": {"$ref": "#/components/responses/Refused"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method does at an address.

    :ivar word: the operation's id, after its kind's
    :ivar shown: the schema of the answer; empty: none; ``entry``: the entry's own
    :ivar sent: the schema of the body; empty: none
    :ivar made: the status of an answer that tells of something new
    """

    word: str
    says: str
    shown: str = ""
    sent: str = ""
    made: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address below an entry.

    :ivar schemas: of which kinds of entries, by schema; ``plurals``: or by plural; empty: all
    """

    path: str
    operations: dict[str, Operation]
    schemas: tuple[str, ...] = ()
    plurals: tuple[str, ...] = ()

    def is_below(self, *, schema: str, plural: str) -> bool:
        """Return whether entries of a kind have it."""
        return (not self.schemas or schema in self.schemas) and (not self.plurals or plural in self.plurals)


def _of(path: str, *, keys: bool = False, moves: bool = False, **operations: Operation) -> Address:
    return Address(path=path, operations=operations, schemas=_OF_KEYS if keys else (), plurals=_OF_MOVES if moves else ())


_DISCARDS = "It is discarded."
ADDRESSES = (
    _of("versions", get=Operation(word="listVersions", says="The versions, the newest first.", shown="VersionList")),
    _of("rollBack", post=Operation(word="rollBack", says="Makes an earlier version current.", sent="RollBack", shown="entry")),
    _of(
        "versions/{number}/destroyKey",
        keys=True,
        post=Operation(word="destroyKey", says="Destroys the key of a version that nobody is shown.", shown="Version"),
    ),
    _of(
        "candidate",
        get=Operation(word="getCandidate", says="What shall become the next version.", shown="Candidate"),
        put=Operation(word="propose", says="Proposes the next version and has it tried.", sent="Candidate", shown="Candidate", made=201),
        delete=Operation(word="discardCandidate", says=_DISCARDS),
    ),
    _of("candidate/try", post=Operation(word="tryCandidate", says="Has it tried again.", shown="Candidate", made=202)),
    _of(
        "candidate/confirm",
        post=Operation(
            word="confirmCandidate", says="Decides when it is switched to.", sent="Decision", shown="entry or Candidate or Switched"
        ),
    ),
    _of("receipts", get=Operation(word="listReceipts", says="The receipts of switches, the newest first.", shown="ReceiptList")),
    _of(
        "receipts/{number}",
        get=Operation(word="getReceipt", says="One, signed.", shown="SignedReceipt"),
    ),
    _of(
        "source",
        keys=True,
        get=Operation(word="getSource", says="What the entry renews itself from.", shown="Source"),
        put=Operation(word="setSource", says="Sets it; adds the entry if it is not there.", sent="Source", shown="Source", made=201),
        delete=Operation(word="removeSource", says="People renew the entry again."),
    ),
    _of(
        "request",
        keys=True,
        get=Operation(word="getRequest", says="The signing request that waits for its certificate.", shown="Request"),
        put=Operation(word="makeRequest", says="Makes a key and its request.", sent="Request", shown="Request", made=201),
        delete=Operation(word="discardRequest", says="It is discarded with its key."),
    ),
    _of("request/answer", keys=True, post=Operation(word="answerRequest", says="Brings the certificate.", sent="Answer", shown="entry")),
    _of(
        "rules",
        keys=True,
        get=Operation(word="getRules", says="How versions are switched to.", shown="Rules"),
        put=Operation(word="setRules", says="Says all of it.", sent="Rules", shown="Rules"),
    ),
    _of(
        "contacts",
        keys=True,
        get=Operation(word="getContacts", says="Who is told of the entry.", shown="Contacts"),
        put=Operation(word="setContacts", says="Says who is, and nobody else.", sent="Contacts", shown="Contacts"),
    ),
    _of("probation", keys=True, get=Operation(word="getProbation", says="What is seen of the newest version.", shown="Probation")),
    _of("probation/goOn", keys=True, post=Operation(word="goOn", says="All APIs present what the canary does.", shown="entry")),
    _of("probation/putBack", keys=True, post=Operation(word="putBack", says="Puts the version before back.", shown="entry")),
    _of(
        "moves",
        moves=True,
        get=Operation(word="listMoves", says="The moves of APIs to the entry that wait.", shown="MoveList"),
        post=Operation(word="proposeMove", says="Proposes one and has it tried.", sent="Move", shown="Move", made=201),
    ),
    _of(
        "moves/{number}",
        moves=True,
        get=Operation(word="getMove", says="A move that waits.", shown="Move"),
        delete=Operation(word="discardMove", says=_DISCARDS),
    ),
    _of("moves/{number}/try", moves=True, post=Operation(word="tryMove", says="Has it tried again.", shown="Move", made=202)),
    _of(
        "moves/{number}/confirm",
        moves=True,
        post=Operation(word="confirmMove", says="Decides when, and for which APIs.", sent="MoveDecision", shown="Move or Moved"),
    ),
)
_KEY = {"name": "noticeKey", "in": "path", "required": True, "schema": {"type": "string", "pattern": r"^[a-z-]+(:[0-9a-f]+){0,2}$"}}
_NOTICE_KEY = {"parameters": [_KEY]}
OF_SERVICE: dict[str, tuple[dict[str, Operation], Document]] = {
    "notices": ({"get": Operation(word="list", says="What is due, the most urgent first.", shown="NoticeList")}, {}),
    "notices/{noticeKey}": ({"get": Operation(word="get", says="What is told of one thing.", shown="Notice")}, _NOTICE_KEY),
    "notices/{noticeKey}/acknowledge": (
        {"post": Operation(word="acknowledge", says="Nothing more is told of this version.", shown="Notice")},
        _NOTICE_KEY,
    ),
    "notices/{noticeKey}/resume": ({"post": Operation(word="resume", says="It is told of again.", shown="Notice")}, _NOTICE_KEY),
}


def addresses_of_service() -> dict[str, Document]:
    """Return the operations beside entries, by path."""
    return {
        path: {method: _described(operation, "", "Notices") for method, operation in operations.items()} | more
        for path, (operations, more) in OF_SERVICE.items()
    }


def addresses_below(*, schema: str, plural: str) -> dict[str, Document]:
    """Return the operations on what stands below an entry of a kind, by path.

    :param schema: of the entry
    :param plural: what the kind's operations are called after
    """
    return {
        one.path: {method: _described(operation, schema, plural) for method, operation in one.operations.items()} | _parameters(one)
        for one in ADDRESSES
        if one.is_below(schema=schema, plural=plural)
    }


def _parameters(address: Address) -> Document:
    return {"parameters": [_NUMBER]} if "{number}" in address.path else {}


def _described(operation: Operation, schema: str, plural: str) -> Document:
    described: Document = {"operationId": f"{plural}_{operation.word}", "tags": [plural], "description": operation.says}
    if operation.sent:
        described["requestBody"] = _json(reference(_sent(operation.sent, schema))) | {"required": True}
    return described | {"responses": _answers(operation, schema) | _REFUSED}


def _sent(name: str, schema: str) -> str:
    """Return the schema of a body: what shall become a version is sent as the entry itself is."""
    own = f"{schema}{name}Sent"
    return own if own.removesuffix("Sent") in SENT else f"{name}Sent"


def _answers(operation: Operation, schema: str) -> Document:
    if not operation.shown:
        return {"200": {"description": operation.says}, "204": {"description": "It is not there."}}
    names = [schema if one == "entry" else one for one in operation.shown.split(" or ")]
    shown = reference(names[0]) if len(names) == 1 else {"anyOf": [reference(one) for one in names]}
    answer = {"description": operation.says} | _json(shown)
    return {str(status): answer for status in sorted({operation.made, *([200] if operation.word == "setSource" else [])})}


def _json(schema: Document) -> Document:
    return {"content": {"application/json": {"schema": schema}}}
