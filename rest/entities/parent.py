"""What operations and policies have in common: they belong to an API."""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

from django.db import models
from django.utils.translation import gettext as _

from apis.models import Api
from certificates.models import valid_name
from rest.collection import Collection
from rest.entities.apis import current_revision
from rest.envelope import NotFound
from rest.names import spelled

Row = TypeVar("Row", bound=models.Model)
Draft = TypeVar("Draft")


class OfApi(Collection[Row, Draft]):
    """Entities below ``apis/{api}``."""

    @cached_property
    def api(self) -> Api:
        """The API they belong to.

        :raises NotFound: if there is none of the name
        """
        name = current_revision(self.parents["api"])
        rows = Api.objects.select_related("certificate__current")
        # PostgreSQL takes no NUL, not even to look for it: what cannot be a name is not looked for.
        if valid_name.regex.match(name) and (api := spelled(rows, name).first()):  # type: ignore[union-attr]  # compiled when first used
            return api
        raise NotFound(_("There is no entity %(id)s.") % {"id": self.call.service.id_of("apis", name)})

    def path_of(self, name: str) -> tuple[str, ...]:
        """Return the words of an entity's address, the API's first."""
        return ("apis", self.api.name, self.segment, name)
