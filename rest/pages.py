"""Addresses of pages, within a call of the REST API, which has addresses of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.urls import get_urlconf, set_urlconf


@contextmanager
def addresses_of_pages() -> Iterator[None]:
    """Let names of addresses be those of the pages while the block runs."""
    here = get_urlconf()
    set_urlconf(None)
    try:
        yield
    finally:
        set_urlconf(here)
