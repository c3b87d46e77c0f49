"""People, roles, locked sign-ins and the activity log in Django admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.models import Activity, FailedGuess, Preferences

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyUserAdmin = UserAdmin[User]
else:
    AnyModelAdmin, AnyUserAdmin = admin.ModelAdmin, UserAdmin  # generic for the type checker only

admin.site.unregister(User)
admin.site.unregister(Group)


class ReadOnlyAdmin(AnyModelAdmin):
    """Rows that are looked at here and changed elsewhere, or never."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Refuse."""
        return False


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """The log is written by the actions alone."""

    list_display = ("at", "actor_name", "event", "subject_name")
    list_filter = ("event",)
    search_fields = ("subject_name", "actor_name")
    fields = ("at", "actor_name", "event", "subject_name", "details")
    show_full_result_count = False


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    """Roles and what they allow are part of the program (``portal.roles``)."""

    list_display = ("name",)
    fields = ("name",)


@admin.register(User)
class PersonAdmin(AnyUserAdmin):
    """People and their roles. Only a superuser makes, changes or removes superusers."""

    list_display = ("username", "roles", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name", "email")}),
        (_("Role"), {"fields": ("groups", "is_active", "is_superuser")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets: Any = ((None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2", "groups")}),)

    @admin.display(description=_("Role"))
    def roles(self, person: User) -> str:
        """Return the person's roles."""
        return ", ".join(group.name for group in person.groups.all())

    def get_queryset(self, request: HttpRequest) -> Any:
        """Bring the roles along."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, _obj: User | None = None) -> Any:
        """Let nobody change when somebody came, and only superusers who is one."""
        dates = ("last_login", "date_joined")
        return dates if request.user.is_superuser else (*dates, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep superusers out of the hands of others, who could take their account over."""
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """As for changing; and nobody removes themselves."""
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj) and obj != request.user

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let what belongs to a person alone (preferences, tokens, notices) go along; it is deleted nowhere else."""
        going, counts, _needed, protected = super().get_deleted_objects(objs, request)
        refused = {str(User._meta.verbose_name)} if not all(self.has_delete_permission(request, person) for person in objs) else set()
        return going, counts, refused, protected

    @staticmethod
    def _may_touch(request: HttpRequest, person: User | None) -> bool:
        return person is None or not person.is_superuser or request.user.is_superuser


@admin.register(Preferences)
class PreferencesAdmin(ReadOnlyAdmin):
    """Everybody chooses on their own page."""

    list_display = ("user", "language", "theme")


@admin.register(FailedGuess)
class FailedGuessAdmin(ReadOnlyAdmin):
    """Failures that count; they are forgiven on the portal's own page."""

    list_display = ("person", "address", "kind", "at")
    fields = ("person", "address", "kind", "at")
