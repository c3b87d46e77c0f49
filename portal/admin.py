"""People, roles, locked sign-ins and the activity log in Django admin."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal import errors, people
from portal.activity import people as lines
from portal.models import Activity, FailedGuess, Preferences

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyUserAdmin = UserAdmin[User]
    AnyPasswordForm = AdminPasswordChangeForm[User]
else:  # generic for the type checker only
    AnyModelAdmin, AnyUserAdmin, AnyPasswordForm = admin.ModelAdmin, UserAdmin, AdminPasswordChangeForm

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


View = Callable[..., HttpResponse]


def _reader(request: HttpRequest) -> User:
    return cast("User", request.user)  # the admin site lets nobody else in


def _keeps_an_administrator(view: View) -> View:
    """Answer 409 where a page of :class:`PersonAdmin` would leave the portal without anybody who administers it."""

    @wraps(view)
    def page(self: PersonAdmin, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        if request.method != "POST":
            return view(self, request, *arguments, **options)
        try:
            with people.changing_administrators():
                return view(self, request, *arguments, **options)
        except people.LastAdministrator:
            return errors.last_administrator(request)

    return page


class PersonPasswordForm(AnyPasswordForm):
    """Another person's password, which may also be taken away."""

    def save(self, commit: bool = True) -> User:
        """Save; the last administrator keeps a password."""
        person = super().save(commit)
        people.require_an_administrator()
        return person


@admin.register(User)
class PersonAdmin(AnyUserAdmin):
    """People and their roles. Only a superuser makes, changes or removes superusers; nobody removes the last administrator."""

    change_password_form = PersonPasswordForm
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

    changeform_view = _keeps_an_administrator(UserAdmin.changeform_view)
    delete_view = _keeps_an_administrator(UserAdmin.delete_view)
    changelist_view = _keeps_an_administrator(UserAdmin.changelist_view)
    user_change_password = _keeps_an_administrator(UserAdmin.user_change_password)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the roles, the last part of a change."""
        super().save_related(request, form, formsets, change)
        people.require_an_administrator()

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete one person."""
        super().delete_model(request, obj)
        people.require_an_administrator()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete several people."""
        super().delete_queryset(request, queryset)
        people.require_an_administrator()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """Return a person, and remember how it was, for the activity log."""
        person = super().get_object(request, object_id, from_field)
        if person:
            request.person_before = (lines.facts(person), person.password)  # type: ignore[attr-defined]
        return person

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """Write into the activity log that a person was added."""
        lines.record_created(obj, by=_reader(request), now=timezone.now())
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """Write into the activity log what was changed of a person."""
        before, password = request.person_before  # type: ignore[attr-defined]
        lines.record_changed(obj, before, by=_reader(request), now=timezone.now())
        if obj.password != password:
            lines.record_password_changed(obj, by=_reader(request), now=timezone.now())
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Write into the activity log who is deleted."""
        for person in queryset:
            lines.record_deleted(person, by=_reader(request), now=timezone.now())
        return super().log_deletions(request, queryset)

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
