"""Answers that several screens give."""

from typing import Any

from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url


class SeeOther(HttpResponseRedirect):
    """303: the change is made; the page that shows it is found by GET at the location.

    Made from an address alone: what a caller has sent as one is neither a URL's name nor anything else.
    """

    status_code = 303


def see_other(to: Any, *args: Any, **kwargs: Any) -> SeeOther:
    """Redirect with 303 to an address, a URL name with its arguments, or a model with ``get_absolute_url``."""
    return SeeOther(resolve_url(to, *args, **kwargs))
