"""All settings, each read once from the environment; docs/settings.md describes every one, and a test compares both."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from dmarcsite.env import (
    BadSetting,
    SecretEnv,
    files_from,
    keys_from,
    mail_server_from,
    name_servers_from,
    networks_from,
    new_key,
    new_signing_secret,
    read_secret_files,
)
from dmarcsite.raw_store import raw_store_from
from dmarcsite.services.places import Places

BASE_DIR = Path(__file__).resolve().parent.parent
env = SecretEnv()
read_secret_files(
    "DATABASE_READ_URL",
    "DATABASE_URL",
    "EMAIL_URL",
    "REDIS_URL",
    "SEKIMORI_ADMIN_PASSWORD",
    "SEKIMORI_ENCRYPTION_KEYS",
    "SEKIMORI_METRICS_TOKEN",
    "SEKIMORI_SECRET_KEY",
)

# --- Where things are ---------------------------------------------------------------------------------------------
VAR_DIR = env.path("SEKIMORI_VAR_DIR", default=BASE_DIR / "var")
PLACES = Places(VAR_DIR)
SECRETS_DIR = VAR_DIR / "secrets"
PORT = env.number("PORT", default=8000, least=0)
BASE_URL = env.str("SEKIMORI_BASE_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
_base = urlsplit(BASE_URL)
IS_HTTPS = _base.scheme == "https"
if not _base.hostname or _base.scheme not in ("http", "https"):
    raise BadSetting(f"SEKIMORI_BASE_URL must be like https://dmarc.example.com, not {BASE_URL!r}.")
_is_local = _base.hostname in ("127.0.0.1", "localhost", "::1")
if not IS_HTTPS and not _is_local:
    raise BadSetting(
        f"SEKIMORI_BASE_URL is {BASE_URL}: plain http is allowed on this machine only. Use an https address."
    )

# --- Secrets ------------------------------------------------------------------------------------------------------
SECRET_KEY = env.secret("SEKIMORI_SECRET_KEY", generated=SECRETS_DIR / "django.key", make=new_signing_secret)
SEKIMORI_ENCRYPTION_KEYS = keys_from(
    env.secret("SEKIMORI_ENCRYPTION_KEYS", generated=SECRETS_DIR / "encryption.key", make=new_key)
)

# --- Applications -------------------------------------------------------------------------------------------------
DEBUG = False
INSTALLED_APPS = [
    "dmarcsite.apps.DmarcsiteConfig",
    "exceptions.apps.ExceptionsConfig",
    "reports.apps.ReportsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tables2",
]
MIDDLEWARE = [
    "dmarcsite.observing.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "dmarcsite.bidi.BidiControlsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dmarcsite.people.middleware.ViewerMiddleware",
    "dmarcsite.people.second_factor.SecondFactorMiddleware",
    "dmarcsite.replica.middleware.ReplicaMiddleware",
    "dmarcsite.unavailable.UnavailableMiddleware",
]
ROOT_URLCONF = "dmarcsite.urls"
WSGI_APPLICATION = "dmarcsite.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dmarcsite.frame.frame",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DJANGO_TABLES2_TEMPLATE = "django_tables2/sekimori.html"

# --- PostgreSQL and Valkey: embedded ones on Unix sockets unless named (dmarcsite.services) ---------------------------
IS_DATABASE_EMBEDDED = not env.str("DATABASE_URL", default="")
DATABASES = {"default": env.postgresql("DATABASE_URL", default=PLACES.database_url)}
# Pages of reports read it while it is not far behind (dmarcsite.replica); everything else reads and writes the primary.
if env.str("DATABASE_READ_URL", default=""):
    DATABASES["replica"] = env.postgresql("DATABASE_READ_URL", default="")
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
DATABASE_ROUTERS = ["dmarcsite.replica.router.ReplicaRouter"]
IS_REDIS_EMBEDDED = not env.str("REDIS_URL", default="")
REDIS_URL = env.broker("REDIS_URL", default=PLACES.redis_url)
# In the database, since the rate limits of the login must hold while the broker is down. Django keeps 300 entries by
# default: log-ins under as many made-up addresses would push the counters of the real one out.
CACHES = {
    "default": {
        "BACKEND": "dmarcsite.people.counters.PlainDatabaseCache",
        "LOCATION": "dmarcsite_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
# Celery's transport spells a socket's address in another way than redis-py.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")

# --- The bytes of mails: into a bucket or not, and the bucket from which they may be read (reports.ingest.raw) ---------
RAW_INTO_BUCKET, RAW_BUCKET = raw_store_from(env.str("SEKIMORI_RAW_STORE", default="postgresql"))

# --- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "dmarcsite.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "dmarcsite.people.adapter.InvitationOnlyAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# The rate limits of the log-in go by address. That of a proxy is everybody's: one stranger's tries would shut all out.
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("SEKIMORI_PROXIES", default=0, least=0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "dmarcsite.people.security_key.AddSecurityKeyForm",
    "edit_webauthn": "dmarcsite.people.security_key.EditSecurityKeyForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS
_email_url = env.str("EMAIL_URL", default="")
HAS_MAIL_SERVER = bool(_email_url)
vars().update({key: value for key, value in mail_server_from(_email_url).items() if key.startswith("EMAIL_")})
DEFAULT_FROM_EMAIL = env.str("SEKIMORI_FROM_EMAIL", default=f"sekimori@{_base.hostname}")

# --- Web security: https in the base URL turns everything on ---------------------------------------------------------
# A password-reset link names the host that was asked for, so that nobody may ask a public site for "localhost".
_local_names = ["127.0.0.1", "localhost", "[::1]"] if _is_local else []
ALLOWED_HOSTS = list({_base.hostname, *env.list("SEKIMORI_ALLOWED_HOSTS", default=_local_names)})
CSRF_TRUSTED_ORIGINS = [f"{_base.scheme}://{_base.netloc}"]
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(?:healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS
LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Outgoing connections ---------------------------------------------------------------------------------------------
OUTGOING_ALLOWED_NETWORKS = networks_from(env.str("SEKIMORI_OUTGOING_ALLOWED_NETWORKS", default=""))

# --- Files of this machine that administrators may name as mailboxes --------------------------------------------------
LOCAL_PLACES_ROOT = env.str("SEKIMORI_LOCAL_PLACES_ROOT", default="")

# --- Who stands behind an address (reports.enrichment) ---------------------------------------------------------------
IP_DATABASES = files_from("SEKIMORI_IP_DATABASES", env.str("SEKIMORI_IP_DATABASES", default=""))
_name_servers = env.str("SEKIMORI_DNS_SERVERS", default="")
ASKS_DNS = _name_servers.strip().lower() != "none"
DNS_SERVERS = name_servers_from(_name_servers) if ASKS_DNS else []

# --- First start ------------------------------------------------------------------------------------------------------
ADMIN_EMAIL = env.str("SEKIMORI_ADMIN_EMAIL", default="admin@localhost")
ADMIN_PASSWORD = env.str("SEKIMORI_ADMIN_PASSWORD", default="")
DEMO = env.flag("DEMO", default=IS_DATABASE_EMBEDDED)

# --- Monitoring -------------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.str("SEKIMORI_METRICS_TOKEN", default="")
OTEL_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
LOG_FORMAT = env.str("SEKIMORI_LOG_FORMAT", default="text").lower()
if LOG_FORMAT not in ("text", "json"):
    raise BadSetting(f"SEKIMORI_LOG_FORMAT must be text or json, not {LOG_FORMAT!r}.")

# --- Language, time, files ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ja", _("Japanese"))]
LOCALE_PATHS = [BASE_DIR / "dmarcsite" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
UPLOAD_LIMIT_BYTES = env.number("SEKIMORI_UPLOAD_LIMIT_MIB", default=64, least=1) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 200

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "dmarcsite.observing.lines.TextLines"},
        "json": {"()": "dmarcsite.observing.lines.JsonLines"},
    },
    "filters": {"without probes": {"()": "dmarcsite.monitoring.changes.WithoutProbes"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "loggers": {
        "django.request": {"filters": ["without probes"]},
        # It warns of each field that a report leaves out; what is missing or mended stands with the report itself.
        "parsedmarc": {"level": "ERROR"},
    },
    "root": {"handlers": ["stderr"], "level": env.level("SEKIMORI_LOG_LEVEL", default="WARNING")},
}
