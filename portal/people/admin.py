"""People, roles and invitations in Django admin. What is saved here goes through :mod:`portal.people.actions`, as on the portal's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import logout
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.contrib.auth.models import Group, User
from django.contrib.messages.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal import errors
from portal.administrators import LastAdministrator, changing_administrators
from portal.models import Invitation
from portal.people import actions
from portal.people.access import may_manage
from portal.people.forms import not_reserved
from portal.people.standing import Standing
from portal.read_only_admin import ReadOnlyAdmin
from portal.signin.confirming import is_confirmed, to_confirm
from portal.validators import no_private_key, plain_name

if TYPE_CHECKING:
    AnyUserAdmin = UserAdmin[User]
    AnyPasswordForm = AdminPasswordChangeForm[User]
    AnyCreationForm = AdminUserCreationForm[User]
else:  # generic for the type checker only
    AnyUserAdmin, AnyPasswordForm, AnyCreationForm = UserAdmin, AdminPasswordChangeForm, AdminUserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)

View = Callable[..., HttpResponse]


def _keeps_an_administrator(view: View) -> View:
    """Answer 409 where a page of :class:`PersonAdmin` would leave the portal without anybody who administers it.

    Who changes people has confirmed who they are.
    """

    @wraps(view)
    def page(self: PersonAdmin, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        if not is_confirmed(request):
            return to_confirm(request)
        if request.method != "POST":
            return view(self, request, *arguments, **options)
        try:
            with changing_administrators():
                return view(self, request, *arguments, **options)
        except LastAdministrator:
            request._messages = default_storage(request)  # type: ignore[attr-defined]  # noqa: SLF001 - without the one that all went well
            return errors.last_administrator(request)

    return page


def _told(view: View) -> View:
    """Tell the activity log how the person of a page of :class:`PersonAdmin` differs afterwards."""

    @wraps(view)
    def page(self: PersonAdmin, request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        pk = next((value for value in (*arguments[:1], options.get("object_id"), options.get("id")) if value), None)
        person = self.get_object(request, unquote(pk)) if pk and request.method == "POST" else None
        if person is None:
            return view(self, request, *arguments, **options)
        before = Standing.of(person)
        response = view(self, request, *arguments, **options)
        actions.note(person, before, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # the admin is for people signed in
        if person == request.user and not Standing.of(person).may_as_much_as(before):
            logout(request)
        return response

    return page


class PersonCreationForm(AnyCreationForm):
    """A new person, by the rules of the portal's own form."""

    def clean_username(self) -> str:
        """Refuse a name that nobody may have."""
        username: str = super().clean_username()
        for refuse in (plain_name, no_private_key, not_reserved):
            refuse(username)
        return username


class PersonPasswordForm(AnyPasswordForm):
    """Another person's password, which may also be taken away."""

    def save(self, commit: bool = True) -> User:
        """Save; the last administrator keeps a password, which is seen before the session goes on under another key."""
        with changing_administrators():
            return super().save(commit)


@admin.register(User)
class PersonAdmin(AnyUserAdmin):
    """People and their roles. Only a superuser makes, changes or removes superusers; nobody removes the last administrator."""

    add_form = PersonCreationForm
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

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Let nobody change when somebody came and what the log calls them, and only superusers who is one."""
        kept = ("last_login", "date_joined", *(["username"] if obj else []))
        return kept if request.user.is_superuser else (*kept, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep superusers out of the hands of others, who could take their account over."""
        return super().has_change_permission(request, obj) and (obj is None or may_manage(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """As for changing; and nobody removes themselves."""
        return super().has_delete_permission(request, obj) and (obj is None or (may_manage(request.user, obj) and obj != request.user))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let what belongs to a person alone (preferences, tokens, notices) go along; it is deleted nowhere else."""
        going, counts, _needed, protected = super().get_deleted_objects(objs, request)
        refused = {str(User._meta.verbose_name)} if not all(self.has_delete_permission(request, person) for person in objs) else set()
        return going, counts, refused, protected

    changeform_view = _keeps_an_administrator(_told(UserAdmin.changeform_view))
    delete_view = _keeps_an_administrator(UserAdmin.delete_view)
    changelist_view = _keeps_an_administrator(UserAdmin.changelist_view)
    user_change_password = _keeps_an_administrator(_told(UserAdmin.user_change_password))

    def view_on_site(self, person: User) -> str:
        """Lead to the portal's page about the person."""
        return reverse("people:detail", kwargs={"name": person.username})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the roles, the last part of a change."""
        super().save_related(request, form, formsets, change)
        if not change:
            actions.note_added(form.instance, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # somebody signed in

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete one person."""
        actions.delete(obj, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # somebody signed in

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete several people."""
        for person in queryset:
            self.delete_model(request, person)


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    """Roles and what they allow are part of the program (``portal.roles``)."""

    list_display = ("name",)
    fields = ("name",)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who is invited; the links are made and withdrawn on the portal's own pages."""

    list_display = ("username", "role", "invited_by", "expires_at")
    list_select_related = ("invited_by",)
    fields = ("username", "email", "role", "person", "invited_by", "created_at", "expires_at")
