"""Sessions and demands in Django admin, to look at; they are changed on the portal's pages."""

from django.contrib import admin

from portal.read_only_admin import ReadOnlyAdmin
from portal.signin.models import SecondFactorDemand, SignedIn


@admin.register(SignedIn)
class SignedInAdmin(ReadOnlyAdmin):
    """Who is signed in, where."""

    fields = list_display = ("user", "browser", "address", "since", "seen_at")
    list_select_related = ("user",)


@admin.register(SecondFactorDemand)
class SecondFactorDemandAdmin(ReadOnlyAdmin):
    """Whose role has to have a second factor."""

    fields = list_display = ("role",)
