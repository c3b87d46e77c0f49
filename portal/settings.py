"""Every setting of the portal, read from the environment where it is defined."""

import ipaddress
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal import logs
from portal.environment import read, read_address, read_addresses, read_choice, read_list, read_number, read_optional_address
from portal.signin.providers import BadProvider, providers
from portal.telemetry import read_access_log, read_collector

BASE_DIR = Path(__file__).resolve().parent.parent

# --- where things are -------------------------------------------------------------------------------------------------
PORTAL_HOME = Path(read("PORTAL_HOME", str(BASE_DIR / "var"))).resolve()
PORTAL_HOST, PORTAL_PORT = read_address("PORTAL_ADDRESS", "127.0.0.1:8000")
GATEWAY_HOST, GATEWAY_PORT = read_address("GATEWAY_ADDRESS", "127.0.0.1:8080")
GATEWAY_TLS_ADDRESS = read_optional_address("GATEWAY_TLS_ADDRESS")  # where it ends TLS, with the server certificates; none: HTTP only
GATEWAY_HTTP3 = read("GATEWAY_HTTP3") == "1"  # also over UDP there
GATEWAY_HTTPS_REDIRECT = read("GATEWAY_HTTPS_REDIRECT") == "1"  # callers by HTTP are sent there
GATEWAY_ADMIN_ADDRESS = read_optional_address("GATEWAY_ADMIN_ADDRESS")  # none: a unix socket under PORTAL_HOME
GATEWAY_IDLE_SECONDS = int(read("GATEWAY_IDLE_SECONDS", "60"))  # how long a call may go without a byte in either direction
# How long calls under way, WebSockets and streams may outlive their API, or a certificate that was replaced; empty: for ever.
GATEWAY_DRAIN_SECONDS = float(seconds) if (seconds := read("GATEWAY_DRAIN_SECONDS", "60")) else None
# How long calls under way, WebSockets and downloads may outlive a restart of the gateway, on the Envoy that was replaced.
GATEWAY_RESTART_SECONDS = max(1, read_number("GATEWAY_RESTART_SECONDS", 60))
GATEWAY_TRUSTED_PROXIES = int(read("GATEWAY_TRUSTED_PROXIES", "0"))  # proxies in front of the gateway that append to X-Forwarded-For
GATEWAY_ENVOY = read("GATEWAY_ENVOY")  # another Envoy than the one that pip has installed: the path of its binary
GATEWAY_TRUST_BUNDLE = read("GATEWAY_TRUST_BUNDLE")  # authorities back ends are checked against, PEM file; empty: the system's
GATEWAY_OTLP_ADDRESS = read_collector("GATEWAY_OTLP_ADDRESS")  # of a collector of OpenTelemetry, which traces go to; none: nowhere
# Where lines about calls go, of APIs that have them written: "stdout", "otlp" or a file; empty: nowhere.
GATEWAY_ACCESS_LOG = read_access_log("GATEWAY_ACCESS_LOG", collector=GATEWAY_OTLP_ADDRESS)
GATEWAY_CONCURRENCY = int(read("GATEWAY_CONCURRENCY", "0"))  # worker threads; 0: one per processor
GATEWAY_CONNECTIONS = read_number("GATEWAY_CONNECTIONS", 0)  # callers at once; 0: 50,000. Never more than half the files it may open
GATEWAY_NAME = read("GATEWAY_NAME")  # what this machine's gateway calls itself; empty: the host's name
GATEWAY_XDS_ADDRESSES = read_addresses("GATEWAY_XDS_ADDRESS")  # control planes of a gateway on its own, tried in turn; none: this machine's
GATEWAY_XDS_IDENTITY = Path(read("GATEWAY_XDS_IDENTITY", str(PORTAL_HOME / "gateway-identity")))  # what it was enrolled with
GATEWAY_KEEP_CONFIGURATION_HOURS = read_number("GATEWAY_KEEP_CONFIGURATION_HOURS", 72)  # how old a kept one may be; 0: none is kept
XDS_ADDRESS = read("PORTAL_XDS_ADDRESS")  # where gateways on other machines come, host:port; empty: only those on this machine
XDS_NAMES = read_list("PORTAL_XDS_NAMES")  # what those machines may call this one; empty: the host of the address
GATEWAY_HEALTH_ADDRESS = read_optional_address("GATEWAY_HEALTH_ADDRESS")  # of its agent; none: a unix socket under PORTAL_HOME
METRICS_TOKEN = read("PORTAL_METRICS_TOKEN")  # who may read /metrics; empty: this machine alone
XDS_HEALTH_ADDRESS = read_optional_address("PORTAL_XDS_HEALTH_ADDRESS") or PORTAL_HOME / "xds-health.sock"  # of the xDS process
# Below which folders entries may renew themselves from files; links that lead out of them are not followed.
WATCHED_FOLDERS = tuple(Path(folder).absolute() for folder in read_list("PORTAL_WATCHED_FOLDERS", str(PORTAL_HOME / "watched")))
# Authorities that certificates may be ordered from by ACME: the addresses of their directories.
ACME_DIRECTORIES = read_list("PORTAL_ACME_DIRECTORIES")
ACME_CA = read("PORTAL_ACME_CA")  # what these directories' certificates are checked against, PEM file; empty: the system's
ACME_DNS_HOOK = read("PORTAL_ACME_DNS_HOOK")  # the program that writes DNS records for them; empty: no DNS-01
PORTAL_SERVICE_NAME = read("PORTAL_SERVICE_NAME", "portal")
DEMO_BACKEND_HOST, DEMO_BACKEND_PORT = read_address("DEMO_BACKEND_ADDRESS", "127.0.0.1:9443")

# --- secrets: files under PORTAL_HOME unless the environment holds them; `manage.py setup` makes what is missing -------
SECRET_KEY_FILE = PORTAL_HOME / "secret-key"
SECRET_KEY = read("PORTAL_SECRET_KEY") or (SECRET_KEY_FILE.read_text().strip() if SECRET_KEY_FILE.is_file() else "")
ENCRYPTION_KEYS = os.environ.get("PORTAL_ENCRYPTION_KEYS", "")  # empty: the file below, which must be private
ENCRYPTION_KEYS_FILE = Path(os.environ.get("PORTAL_ENCRYPTION_KEYS_FILE") or PORTAL_HOME / "encryption-keys")

# --- what back ends may be called -------------------------------------------------------------------------------------
ALLOWED_BACKEND_NETWORKS = tuple(ipaddress.ip_network(network) for network in read_list("PORTAL_ALLOWED_BACKEND_NETWORKS"))

# --- Django -----------------------------------------------------------------------------------------------------------
DEBUG = False
ALLOWED_HOSTS = read_list("PORTAL_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]", PORTAL_HOST]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
FORMAT_MODULE_PATH = ["portal.formats"]
TIME_ZONE = "UTC"

INSTALLED_APPS = [
    "portal",
    "portal.signin",
    "certificates",
    "certificates.sources",
    "certificates.rollout",
    "certificates.authorities",
    "certificates.doctor",
    "apis",
    "apis.moving",
    "apis.console",
    "apis.backends",
    "gateway",
    "rest",
    "demo",
    "notices",
    "csp",
    "django_htmx",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",  # thousands, separated
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django.forms",  # its templates, some of which ours replace
]

MIDDLEWARE = [
    "certificates.sources.acme.proofs.AcmeProofMiddleware",  # before all that asks for whom a request is
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",  # before all that answers by itself: static files and the REST API have a policy, too
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "rest.middleware.ManagementMiddleware",  # before all that knows browsers: sessions, cookies, sign-in
    "portal.middleware.ArrivalMiddleware",
    "portal.middleware.ZerosMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.PreferencesMiddleware",
    "portal.middleware.AnswerMiddleware",
    "certificates.middleware.DamagedSecretMiddleware",
    "portal.signin.middleware.SeenMiddleware",
    "portal.signin.middleware.SecondFactorMiddleware",
    "portal.middleware.BodyMiddleware",  # the views, and the check of their forms, are what reads bodies
    "portal.middleware.LimitsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "portal.context_processors.frame",
            ],
        },
    },
]
FORM_RENDERER = "portal.forms.PortalRenderer"
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"

# --- database: SQLite unless DATABASE_URL says otherwise --------------------------------------------------------------
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(read("DATABASE_URL") or f"sqlite:///{PORTAL_HOME / 'portal.sqlite3'}", conn_max_age=600)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # A server that is gone without a word is noticed within seconds, not after TCP's quarter of an hour.
    _NOTICED = {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
    DATABASES["default"]["OPTIONS"] = _NOTICED | DATABASES["default"].get("OPTIONS", {})
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a connection that has died, or whose file is gone, is found out before it is used
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "portal.sqlite"
    # secure_delete: what is deleted is overwritten with zeros, private keys among it.
    # IMMEDIATE: with DEFERRED, two writers that have read lose to each other ("database is locked").
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;",
    }
    DATABASES["default"]["TEST"] = {"NAME": PORTAL_HOME / "tests.sqlite3"}  # a file, so that the tests' other processes share it

# --- people -----------------------------------------------------------------------------------------------------------
CONTACT = read("PORTAL_CONTACT")  # whom to ask for a role: an address or a few words, shown to who has none
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = ["portal.guesses.LimitedBackend"]
PASSWORD_HASHERS = ["portal.hashing.PortalPasswordHasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "portal.signin.passwords.GuessableValidator"},
]
PASSWORD_RESET_TIMEOUT = 30 * 60  # seconds that a link by mail works
# How long a sign-in will do for dangerous acts; with less than a minute nobody would get to them.
CONFIRMED_FOR = timedelta(minutes=max(1, float(read("PORTAL_CONFIRM_MINUTES", "15"))))

# Sessions (portal/signin/store.py): the browser forgets its cookie when it is closed.
SESSION_ENGINE = "portal.signin.store"
SESSION_IDLE = timedelta(minutes=float(read("PORTAL_SESSION_IDLE_MINUTES", "60")))
SESSION_LASTS = timedelta(hours=float(read("PORTAL_SESSION_HOURS", "12")))
SESSION_NOTED_EVERY = min(timedelta(minutes=1), SESSION_IDLE / 4)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# django-allauth: its account and second factors, in our pages, under our limits (portal/guesses.py) instead of its own.
CACHES: dict[str, Any] = {  # codes that were used, which is all that allauth keeps there: one table for all processes
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "signin_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SEALED_TEXTS = "certificates.sealed_texts"  # by name: the floor knows no other room
# Names of nobody: what pages below /people/ are called, and what the activity log's filter calls the system.
RESERVED_USERNAMES = ["invite", ".", "..", "-"]
ACCOUNT_USERNAME_BLACKLIST = RESERVED_USERNAMES  # of company accounts
ACCOUNT_ADAPTER = "portal.signin.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # nobody signs up; allauth wants them to be consistent
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = int(CONFIRMED_FOR.total_seconds())
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up here; addresses open nothing
MFA_ADAPTER = "portal.signin.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # so that a passkey alone is two factors
MFA_TOTP_TOLERANCE = 1  # clocks that are half a minute off
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "portal.signin.forms.CodeForm",
    "authenticate_webauthn": "portal.signin.forms.PasskeyForm",
    "login_webauthn": "portal.signin.forms.PasskeySignInForm",
    "reauthenticate_webauthn": "portal.signin.forms.PasskeyConfirmForm",
    "activate_totp": "portal.signin.forms.AppForm",
    "add_webauthn": "portal.signin.forms.NewPasskeyForm",
}
try:
    OIDC_PROVIDERS = providers(read)
except BadProvider as wrong:
    raise ImproperlyConfigured(str(wrong)) from wrong
SOCIALACCOUNT_ADAPTER = "portal.signin.company.CompanyAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form could not lead to another host: Content-Security-Policy, form-action
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10  # seconds

# Who may send a body that is larger than a sign-in, or takes longer: asked before it is read.
KNOWN_CALLERS = ["portal.callers.is_signed_in", "rest.authentication.is_known"]

# --- the activity log -------------------------------------------------------------------------------------------------
ACTIVITY_KEEP_DAYS = int(read("PORTAL_ACTIVITY_KEEP_DAYS", "0"))  # how long lines are kept; 0: for ever
ACTIVITY_FORWARD = read("PORTAL_ACTIVITY_FORWARD")  # where lines go as they are written (portal.activity.receivers); empty: nowhere
ACTIVITY_FORWARD_CA = read("PORTAL_ACTIVITY_FORWARD_CA")  # authorities the server is checked against, PEM file; empty: the system's

# --- notices about what ends or fails ---------------------------------------------------------------------------------
PORTAL_URL = read("PORTAL_URL")  # where people open the portal, for links in notices; empty: where it listens
NOTICES_SECONDS = read_number("PORTAL_NOTICES_SECONDS", 20)  # how often is looked for what is due
NOTICES_CA = read("PORTAL_NOTICES_CA")  # authorities that webhooks' servers are trusted by beside the system's, PEM file

# --- mail: notices, and error reports to whoever runs the portal ------------------------------------------------
EMAIL_HOST = read("PORTAL_MAIL_HOST")  # empty: no mail
EMAIL_PORT = int(read("PORTAL_MAIL_PORT", "25"))
EMAIL_HOST_USER = read("PORTAL_MAIL_USER")
EMAIL_HOST_PASSWORD = read("PORTAL_MAIL_PASSWORD")
EMAIL_USE_TLS = read("PORTAL_MAIL_STARTTLS") == "1"
EMAIL_TIMEOUT = 30  # seconds
EMAIL_SUBJECT_PREFIX = "[Publisher portal] "
DEFAULT_FROM_EMAIL = SERVER_EMAIL = read("PORTAL_MAIL_FROM", "portal@localhost")
ADMINS = [("", address) for address in read_list("PORTAL_MAIL_ADMINISTRATORS")] if EMAIL_HOST else []

# --- what is told, and what went wrong: to standard error with its trace, errors by mail without what was typed ---------
LOG_FORMAT = read_choice("PORTAL_LOG_FORMAT", logs.FORMATS, logs.PLAIN)
LOG_LEVEL = read_choice("PORTAL_LOG_LEVEL", logs.LEVELS, "info")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "portal.logs.PlainFormatter", "format": "%(levelname)s %(message)s"},
        "json": {"()": "portal.logs.JsonFormatter"},
    },
    "filters": {
        "not django's": {"()": "django.utils.log.CallbackFilter", "callback": lambda record: not record.name.startswith("django.")}
    },
    "handlers": {
        "standard error": {"class": "logging.StreamHandler", "level": "ERROR", "formatter": LOG_FORMAT},
        "ours": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["not django's"]},  # it has handlers of its own
    },
    "root": {"handlers": ["ours"], "level": LOG_LEVEL.upper()},
    "loggers": {
        "django.request": {"handlers": ["standard error"]},
        # What they say below this level holds tokens (contexts of templates), session ids (SQL) and queries, whatever level is asked for.
        "fontTools": {"level": "WARNING"},  # it tells each step of cutting the typeface
        **{name: {"level": "INFO"} for name in ("django.template", "django.db", "django.db.backends", "urllib3", "axes")},
    },
}
DEFAULT_EXCEPTION_REPORTER = "portal.reports.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "portal.reports.ReportFilter"

# --- languages --------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "中文（简体）")]  # each in its own words
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_HTTPONLY = True
TRANSLATIONS = BASE_DIR / "locale"
LOCALE_PATHS = [PORTAL_HOME / "locale"]  # compiled by `manage.py setup`: nothing is written beside the sources

# --- static files -----------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(read("PORTAL_STATIC_ROOT", str(PORTAL_HOME / "static")))
STATICFILES_DIRS = [BASE_DIR / "static", ("screenshots", BASE_DIR / "docs" / "screenshots")]  # the guide shows these
FONTS = PORTAL_HOME / "font"  # made by `manage.py setup`
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.font.FontFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing uploaded is ever kept as a file
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = ["certificates.uploads.CappedUploadHandler"]  # in memory only, and no more than a definition may hold
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # what the server takes from those who are known (portal/asgi.py); others may send 64 KiB

# --- what browsers are told -------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
WHITENOISE_ALLOW_ALL_ORIGINS = False  # nobody else's pages need our files
_BEHIND_TLS = read("PORTAL_BEHIND_TLS_PROXY") == "1"
# The portal's own TLS: PEM files, the certificate with its chain. Read again when they change.
PORTAL_TLS_CERTIFICATE = os.environ.get("PORTAL_TLS_CERTIFICATE", "")
PORTAL_TLS_KEY = os.environ.get("PORTAL_TLS_KEY", "")
_BY_TLS = _BEHIND_TLS or bool(PORTAL_TLS_CERTIFICATE)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _BEHIND_TLS else None
SECURE_HSTS_SECONDS = 365 * 86400 if _BY_TLS else 0  # of this host alone; others below the same domain may speak HTTP
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _BY_TLS
# __Host-: browsers take it from this very host and over TLS only, so that no neighbour can plant one (RFC 6265bis, 4.1.3.2).
COOKIE_PREFIX = "__Host-" if _BY_TLS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = (
    f"{COOKIE_PREFIX}{name}" for name in ("sessionid", "csrftoken", "django_language")
)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
