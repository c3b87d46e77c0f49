"""Where lists and the search over everything find APIs and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apis import listing
from apis.models import Api, NamedValue, Subscription
from portal.listing import holding
from portal.search import MOST, Found, Group, May

SUBSCRIPTIONS = holding("display_name", "name", "api__display_name", "api__name")

NAMED_VALUES = holding("display_name", "name")


def look(words: str, may: May) -> Iterator[Group]:
    """Yield the APIs and subscriptions that the reader may see."""
    asked = urlencode({"q": words})
    if may("apis.view_api"):
        rows = Api.objects.filter(listing.search(words)).only("name", "display_name", "path").order_by("display_name", "name")[: MOST + 1]
        found = [_found(api) for api in rows]
        yield Group(label=_("APIs"), icon="cube", found=found, all=f"{reverse('apis:index')}?{asked}")
    if may("apis.view_namedvalue"):
        values = NamedValue.objects.filter(NAMED_VALUES(words))[: MOST + 1]
        found = [Found(name=one.display_name, path=reverse("named_values:detail", kwargs={"name": one.name})) for one in values]
        yield Group(label=_("Named values"), icon="variable", found=found, all=f"{reverse('named_values:index')}?{asked}")
    if may("apis.view_subscription"):
        subscriptions = Subscription.objects.filter(SUBSCRIPTIONS(words)).select_related("api").order_by("display_name", "name")
        found = [
            Found(
                name=one.display_name,
                detail=one.api.display_name if one.api else _("All APIs"),
                path=reverse("subscriptions:detail", kwargs={"name": one.name}),
            )
            for one in subscriptions[: MOST + 1]
        ]
        yield Group(label=_("Subscriptions"), icon="ticket", found=found, all=f"{reverse('subscriptions:index')}?{asked}")


def _found(api: Api) -> Found:
    return Found(name=api.display_name, detail=f"/{api.path}", path=reverse("apis:detail", kwargs={"name": api.name}))
