"""What is wrong with a document, and what of it is left out, in sentences."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from apis.definitions.model import Aside, Problem, Unreadable, Why
from apis.exchange.actions import UnfitPolicy

_PROBLEMS: dict[Problem, Promise] = {
    Problem.EMPTY: _("The document is empty."),
    Problem.TOO_LARGE: _("The document is larger than 4 MiB."),
    Problem.NOT_TEXT: _("The document is no text in UTF-8 or UTF-16 (byte %(byte)s). Save it as UTF-8."),
    Problem.NOT_JSON: _("The document is not valid JSON: %(reason)s, line %(line)s, column %(column)s."),
    Problem.NOT_YAML: _(
        "The document is not valid YAML: %(reason)s, line %(line)s, column %(column)s. Lines are indented by spaces, not by tabs."
    ),
    Problem.TAG: _("The document holds the YAML tag %(tag)s, which is not followed. Bundle it into one plain document."),
    Problem.COMPLEX_KEY: _("The document has a key that is no text, line %(line)s."),
    Problem.CONTAINS_ITSELF: _("The document has a YAML alias within what it stands for, line %(line)s."),
    Problem.TOO_DEEP: _("The document is nested more than 100 levels deep."),
    Problem.TOO_MANY: _("The document holds more than 400,000 values, or its YAML aliases repeat as many."),
    Problem.TOO_MANY_OPERATIONS: _("The document has more than 2,000 operations. Split it into several APIs."),
    Problem.TOO_MUCH_WORK: _("Reading the document takes too long. Split it, or leave out its schemas."),
    Problem.BUSY: _("Several documents and files are being read just now. Try again in a few seconds."),
    Problem.OTHER_KIND: _("This is %(kind)s. OpenAPI 3 and Swagger 2 are imported here, in JSON or YAML."),
    Problem.OTHER_VERSION: _("This is %(version)s. OpenAPI 3.0 to 3.2 and Swagger 2.0 are imported here."),
    Problem.NO_DEFINITION: _("This is no OpenAPI document: it has neither “openapi” nor “swagger” at its top."),
    Problem.NO_PATHS: _("This %(kind)s document has no paths, so there is nothing to import."),
    Problem.ELSEWHERE: _("The document refers to others, which are not fetched: %(references)s. Bundle it into one document."),
}
_ASIDES: dict[Why, Promise] = {
    Why.SECURITY: _("Security schemes are left out: %(detail)s. Callers bring subscription keys; the Security tab is for the back end."),
    Why.SCHEMAS: _("Schemas of bodies are not kept, since bodies pass as they are: %(detail)s."),
    Why.EXTENSIONS: _("Extensions are left out: %(detail)s."),
    Why.WEBHOOKS: _("Webhooks are left out, since the back end makes these calls: %(detail)s."),
    Why.CALLBACKS: _("Callbacks are left out, since the back end makes these calls: %(detail)s."),
    Why.COOKIES: _("Parameters in cookies are passed on and not documented: %(detail)s."),
    Why.DUPLICATE_KEY: _("The key “%(detail)s” stands twice in one object (%(place)s); the last one counts."),
    Why.MORE_DOCUMENTS: _("The file holds several documents; only the first one is imported."),
    Why.NOT_AS_PUBLISHED: _("Not as the specification says, at %(place)s: %(detail)s"),
    Why.DANGLING: _("%(place)s is left out: %(detail)s leads nowhere, or round in a circle."),
    Why.NOT_AN_OBJECT: _("%(place)s is left out: what stands there is no object."),
    Why.OTHER_SERVERS: _("Only one server is called; left out: %(detail)s."),
    Why.OWN_SERVERS: _("Servers of single paths and operations are left out: %(detail)s."),
    Why.RELATIVE_SERVER: _("The server %(detail)s is relative, and the document does not say to what. Enter the Web service URL."),
    Why.SERVER_VARIABLES: _("The variables of the server %(place)s have their defaults: %(detail)s."),
    Why.UNUSABLE_SERVER: _("The server %(detail)s is left out: its variables have no defaults."),
    Why.REFUSED_SERVER: _("The server %(place)s is left out: %(detail)s"),
    Why.NO_SERVER: _("The document names no server."),
    Why.QUERY_EXPANSION: _("%(place)s: the optional query in the path is left out; callers may send it all the same."),
    Why.BAD_TEMPLATE: _("%(place)s is left out: %(detail)s"),
    Why.BAD_METHOD: _("%(place)s is left out: %(detail)s"),
    Why.SAME_CALLS: _("%(place)s is left out: it matches the same calls as %(detail)s."),
    Why.RENAMED: _("%(place)s: its operationId is taken or reserved, so it gets another name: %(detail)s."),
    Why.RENAMED_PARAMETER: _("%(place)s: parameters are called as URL templates take them: %(detail)s."),
    Why.SHORTENED: _("%(place)s: a text is shortened to %(detail)s characters."),
    Why.CLEANED: _("%(place)s: characters that are not seen are taken out of its name."),
    Why.HOLDS_KEY: _("%(place)s: a text that looks like a private key is left out."),
}
_LONGEST_PLACE = 200
_LINE = _("line %(line)s")


def problem(refusal: Unreadable) -> str:
    """Return why a document is not read."""
    return str(_PROBLEMS[refusal.problem]) % refusal.details


def aside(one: Aside) -> str:
    """Return what is left out or not taken as it stands, and why."""
    place = Truncator(one.place).chars(_LONGEST_PLACE)
    if one.why == Why.DUPLICATE_KEY:
        place = str(_LINE % {"line": place} if place else "JSON")
    return str(_ASIDES[one.why]) % {"place": place or "/", "detail": one.detail}


def unfit(refusal: UnfitPolicy) -> str:
    """Return why a document is not imported, in a sentence, and what to do."""
    words = _("The policy of the operation %(operation)s does not fit the document. %(reason)s Change that policy first.")
    return str(words) % {"operation": refusal.operation.display_name, "reason": refusal.reason}
