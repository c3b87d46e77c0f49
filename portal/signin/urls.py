"""The addresses of signing in. Names with ``account_``, ``mfa_`` and ``openid_connect_`` are those that allauth asks for."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from portal.signin.views import confirm, entrance, factors, password, sessions, settings

_form = require_http_methods(["GET", "HEAD", "POST"])  # classes would take PUT for POST

urlpatterns = [
    path("accounts/login/", _form(entrance.SignIn.as_view()), name="login"),
    path("accounts/login/", _form(entrance.SignIn.as_view()), name="account_login"),
    path("accounts/login/second-factor/", _form(entrance.SecondFactor.as_view()), name="mfa_authenticate"),
    path("accounts/login/passkey/", _form(entrance.PasskeySignIn.as_view()), name="mfa_login_webauthn"),
    path("accounts/login/company/<slug:provider_id>/", entrance.to_company, name="openid_connect_login"),
    path("accounts/login/company/<slug:provider_id>/callback/", entrance.from_company, name="openid_connect_callback"),
    path("accounts/logout/", require_POST(LogoutView.as_view()), name="logout"),
    path("accounts/confirm/", confirm.confirm, name="account_reauthenticate"),
    path("accounts/password/", _form(password.ChangePassword.as_view()), name="password_change"),
    path("accounts/password/forgotten/", _form(password.ForgottenPassword.as_view()), name="password_forgotten"),
    path("accounts/password/new/<str:uidb64>/<str:token>/", _form(password.NewPassword.as_view()), name="password_new"),
    path("accounts/sessions/", sessions.own, name="sessions"),
    path("accounts/second-factors/", factors.index, name="mfa_index"),
    path("accounts/second-factors/app/", _form(factors.SetUpApp.as_view()), name="mfa_activate_totp"),
    path("accounts/second-factors/app/remove/", _form(factors.RemoveApp.as_view()), name="mfa_deactivate_totp"),
    path("accounts/second-factors/passkeys/add/", _form(factors.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path("accounts/second-factors/passkeys/<int:pk>/remove/", _form(factors.RemovePasskey.as_view()), name="mfa_remove_webauthn"),
    path("accounts/second-factors/recovery-codes/", _form(factors.RecoveryCodes.as_view()), name="mfa_view_recovery_codes"),
    path("accounts/second-factors/recovery-codes/make/", _form(factors.MakeRecoveryCodes.as_view()), name="mfa_generate_recovery_codes"),
    path("settings/sign-in/", settings.sign_in_settings, name="sign_in_settings"),
]
