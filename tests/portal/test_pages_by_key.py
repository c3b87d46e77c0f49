"""Pages that choose their rows by key are those that Django cuts."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.paginator import Paginator
from django.db.models import Value
from django.db.models.functions import Length

from portal.listing import PagesByKey

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", [0, 1, 4, 5, 6, 9, 10, 11, 23])
@pytest.mark.parametrize("order", [["name"], ["-name"], ["length", "-name"]])
def test_each_page_has_the_same_rows(number: int, order: list[str]) -> None:
    Group.objects.all().delete()
    Group.objects.bulk_create(Group(name=f"{one % 7:0{one % 3 + 1}}-{one}") for one in range(number))
    rows = Group.objects.annotate(length=Length("name"), mark=Value("x")).order_by(*order)
    ours, djangos = PagesByKey(rows, 5), Paginator(rows, 5)
    assert ours.page_range == djangos.page_range
    for page in djangos.page_range:
        assert [vars(one) | {"_state": None} for one in ours.page(page)] == [vars(one) | {"_state": None} for one in djangos.page(page)]
    assert list(ours.get_page("100000")) == list(djangos.get_page("100000"))
    assert list(ours.get_page("nonsense")) == list(djangos.get_page(1))
