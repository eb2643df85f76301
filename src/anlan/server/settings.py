"""All settings; what a bureau chooses comes from the environment, declared in `anlan.environment`."""

from __future__ import annotations

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from anlan import environment

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent.parent

#: Everything the product writes: databases, evidence, logs, the map ground, the secret key.
DATA = environment.data_directory(ROOT)
DATA.mkdir(parents=True, exist_ok=True, mode=0o700)

SECRET_KEY = environment.secret_key(DATA)
DEBUG = environment.switch("ANLAN_DEBUG")
ALLOWED_HOSTS = environment.words("ANLAN_ALLOWED_HOSTS")
ROOT_URLCONF = "anlan.server.urls"
ASGI_APPLICATION = "anlan.server.asgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "anlan.kernel.web",
    "anlan.kernel.regions",
    "anlan.kernel.people",
    "anlan.kernel.people.desk_config.SystemDeskConfig",  # Django's admin, after people, whose templates come first
    "anlan.kernel.audit",
    "anlan.kernel.evidence",
    "anlan.kernel.rulebook",
    "anlan.kernel.clocks",
    "anlan.kernel.jobs",
    "anlan.kernel.notices",
    "anlan.kernel.duties",
    "anlan.kernel.chains",
    "anlan.kernel.cases",
    "anlan.kernel.registers",
    "anlan.kernel.sensing",
    "anlan.kernel.borders",
    "anlan.kernel.indicators",
    "anlan.kernel.layers",
    "anlan.kernel.desks",
    "anlan.apps.sites",
    "anlan.apps.resources",
    "anlan.apps.monitoring",
    "anlan.apps.exchange",
    "anlan.apps.knowledge",
    "anlan.apps.census",
    "anlan.apps.goals",
    "anlan.apps.sensorthings",
    "anlan.apps.outside",
    "anlan.apps.mappings",
    "anlan.apps.warning",
    "anlan.apps.tracks",
    "anlan.demo",
    "anlan.server",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "anlan.kernel.web.middleware.NoZeroBytes",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "anlan.kernel.people.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "anlan.kernel.web.context.frame",
            ],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        environment.text("ANLAN_DATABASE_URL") or f"sqlite:///{DATA / 'records.sqlite3'}", conn_max_age=60
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; "
        "PRAGMA foreign_keys=ON; PRAGMA cache_size=-16000;",
    }
    # Tables from the models, in seconds; tests/server/test_migrations.py shows that the migrations make the same.
    DATABASES["default"]["TEST"] = {"NAME": os.environ.get("ANLAN_TEST_SQLITE"), "MIGRATE": False}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "anlan.kernel.people.backend.ActiveUserBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
#: Paths below which machines come with a key of their own instead of a person's session.
MACHINE_DOORS = (
    "/api/v1/exchange/",
    "/api/v1/registers/",
    "/api/v1/ogc/",
    "/api/v1/indicators/",
    "/sta/v1.1",
    "/api/v1/warnings/",
    "/feeds/",
)
LOGIN_URL = "people:sign_in"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "anlan_session"
CSRF_COOKIE_NAME = "anlan_csrf"
CSRF_FAILURE_VIEW = "anlan.kernel.web.views.csrf_failure"

#: S4: 5 failures of one name from one address lock that pair for 15 minutes; a stranger elsewhere locks nobody out.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "anlan.kernel.people.views.locked_out"
AXES_ENABLE_ADMIN = False

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = environment.zone()
LANGUAGE_COOKIE_NAME = "anlan_language"

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns of a folder that is not there
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Behind a proxy that speaks TLS, browsers come from this origin, and cookies never leave it in clear.
if PUBLIC_URL := environment.origin("ANLAN_PUBLIC_URL"):
    ALLOWED_HOSTS.append(environment.host_of(PUBLIC_URL))
    CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]  # TLS: see the guide

#: Where the ingest process listens, for pages that tell an owner of a device where to send.
INGEST_PORT = environment.port("ANLAN_INGEST_PORT")
#: True when this data directory holds the demo county.
#: Whether the engine may run compiled, where numba is installed.
ENGINE_FAST = environment.choice("ANLAN_ENGINE_FAST", environment.FAST) == "auto"
DEMO = environment.switch("ANLAN_DEMO")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"anlan": {"level": "INFO"}},
}

EVIDENCE_ROOT = DATA / "evidence"
TEST_RUNNER = "django.test.runner.DiscoverRunner"
ADMIN_SITE_TITLE = _("System")
