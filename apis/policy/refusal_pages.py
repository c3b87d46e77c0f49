"""Answers by which a web server refuses the client certificate, though the connection stands. One line here is one more kind. [pure]

Most servers let the handshake succeed and refuse with a page of their own. A page counts if its status is the row's and the row's words are
in it, in whatever case; a status that means nothing else needs no words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusalPage:
    """How one server says it.

    :ivar words: in the page; empty: the status alone says it
    """

    status: int
    words: str
    server: str


REFUSAL_PAGES = (
    # nginx, src/http/ngx_http_special_response.c: these statuses are its own, answered as 400 unless an error_page says otherwise.
    RefusalPage(495, "", "nginx"),
    RefusalPage(496, "", "nginx"),
    RefusalPage(400, "SSL certificate error", "nginx, and what is made of it"),
    RefusalPage(400, "No required SSL certificate", "nginx, and what is made of it"),
    # IIS, "HTTP status code overview": the substatus stands in its pages only.
    *(RefusalPage(403, f"403.{substatus}", "IIS") for substatus in (7, 12, 13, 16, 17)),
    RefusalPage(403, "client certificate", "IIS and Azure App Service"),
    # Apache httpd, modules/ssl/ssl_engine_kernel.c: it asks after the handshake, and nobody answers.
    RefusalPage(403, "Cannot perform Post-Handshake Authentication", "Apache httpd"),
)


def refuses_certificate(status: int, page: str) -> bool:
    """Return whether an answer of this *status* with this *page* refuses the client certificate."""
    low = page.lower()
    return any(one.status == status and one.words.lower() in low for one in REFUSAL_PAGES)
