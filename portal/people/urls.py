"""The addresses below ``/people/``."""

from django.urls import path

from portal.people import invitation_views, views

app_name = "people"
urlpatterns = [
    path("", views.index, name="index"),
    path("invite/", invitation_views.invite, name="invite"),
    path("invitations/<int:pk>/withdraw/", invitation_views.withdraw, name="withdraw"),
    path("<str:name>/", views.detail, name="detail"),
    path("<str:name>/role/", views.role, name="role"),
    path("<str:name>/deactivate/", views.deactivate, name="deactivate"),
    path("<str:name>/activate/", views.activate, name="activate"),
    path("<str:name>/sessions/", views.end_sessions, name="end_sessions"),
    path("<str:name>/second-factors/", views.reset_second_factor, name="reset_second_factor"),
    path("<str:name>/unlock/", views.unlock, name="unlock"),
    path("<str:name>/password/", invitation_views.password_link, name="password_link"),
    path("<str:name>/delete/", views.delete, name="delete"),
]
