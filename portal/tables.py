"""Lists as CSV files (RFC 4180) that are safe to open in a spreadsheet: no cell is a formula there, each is on one line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from django.http import HttpResponse

from portal.characters import shown

# What a spreadsheet takes for the beginning of a formula, also in full width: at the beginning of a cell, and after a semicolon, by which
# it separates cells where a comma is in numbers (OWASP, "CSV Injection").
_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\t\r\n＝＋－＠])")


class _Piece:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        """Return it."""
        return text


def csv_of(headings: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Return a table line by line."""
    writer = csv.writer(_Piece(), lineterminator="\r\n")
    yield writer.writerow([str(heading) for heading in headings])
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def download(name: str, headings: Iterable[object], rows: Iterable[Iterable[object]]) -> HttpResponse:
    """Answer with a table as a file called *name*."""
    answer = HttpResponse(csv_of(headings, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _cell(value: object) -> str:
    """Return a cell that is text: on one line, and no formula."""
    return shown(_FORMULA.sub(r"\1'", str(value)))
