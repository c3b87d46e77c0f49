"""Whether the paths that documents rewrite to name only parameters that there are."""

from __future__ import annotations

from apis.policy.model import Sections
from apis.policy.references import Values, resolved
from apis.policy.sentences import Sentence
from apis.policy.statements.rewrite_uri import NAME, read_rewrite_uri
from apis.url_template import has_rest, parameters_of, rest_of

MOST = 9  # parameters in one path; Envoy's expressions have no more groups


def refuse_missing(sections: Sections, template: str | None, values: Values) -> None:
    """Go on only if each ``<rewrite-uri>`` of a document names parameters of the URL *template*.

    :param template: of the operation; ``None``: the document is about several, which have no parameters in common
    :raises apis.policy.UnreadablePolicy: naming the element
    """
    path = (template or "").partition("?")[0]
    known = {*parameters_of(path), *((rest_of(path), f"*{rest_of(path)}") if has_rest(path) else ())} - {""}
    for element in sections.get("inbound", ()):
        if element.name != NAME:
            continue
        whole = resolved(element, values)
        wanted = dict.fromkeys(read_rewrite_uri(whole).parameters)
        if wanted and template is None:
            whole.refuse(Sentence("Parameters ({…}) are an operation's; write this into the operation's own policy."))
        if missing := [name for name in wanted if name not in known]:
            whole.refuse(
                Sentence("The operation's URL template %(template)s has no parameter {%(name)s}.", template=template, name=missing[0])
            )
        if len(wanted) > MOST:
            whole.refuse(Sentence("A path takes %(most)s parameters at most.", most=MOST))
