"""Answers by which a web server refuses the client certificate, though the connection stands. One line here is one more kind. [pure]

Most servers let the handshake succeed and refuse with a page of their own. A page counts if its status is the row's and the row's words are
in it, in whatever case; a status that means nothing else needs no words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusalPage:
    """How one server says it.

    :ivar words: in the page, ASCII, for gateways know no other capitals; empty: the status alone says it
    :ivar demands: whether it says that none was shown, rather than that the one that was is not accepted
    """

    status: int
    words: str
    server: str
    demands: bool = False

    def __post_init__(self) -> None:
        """Refuse a row that gateways would not understand."""
        if not self.words.isascii():
            raise ValueError(f"The words of {self.server} are not ASCII.")


REFUSAL_PAGES = (
    # nginx, src/http/ngx_http_special_response.c: these statuses are its own, answered as 400 unless an error_page says otherwise.
    RefusalPage(495, "", "nginx"),
    RefusalPage(496, "", "nginx", demands=True),
    RefusalPage(400, "SSL certificate error", "nginx, and what is made of it"),
    RefusalPage(400, "No required SSL certificate", "nginx, and what is made of it", demands=True),
    # IIS, "HTTP status code overview": the substatus stands in its pages only.
    RefusalPage(403, "403.7", "IIS", demands=True),
    *(RefusalPage(403, f"403.{substatus}", "IIS") for substatus in (12, 13, 16, 17)),
    RefusalPage(403, "client certificate", "IIS and Azure App Service"),
    # Apache httpd, modules/ssl/ssl_engine_kernel.c: it asks after the handshake, and nobody answers.
    RefusalPage(403, "Cannot perform Post-Handshake Authentication", "Apache httpd", demands=True),
)


def refuses_certificate(status: int, page: str) -> bool:
    """Return whether an answer of this *status* with this *page* refuses the client certificate, or the want of one."""
    return _row_of(status, page) is not None


def demands_certificate(status: int, page: str) -> bool:
    """Return whether it says that no certificate was shown."""
    row = _row_of(status, page)
    return row is not None and row.demands


def _row_of(status: int, page: str) -> RefusalPage | None:
    low = page.lower()
    return next((one for one in REFUSAL_PAGES if one.status == status and one.words.lower() in low), None)
