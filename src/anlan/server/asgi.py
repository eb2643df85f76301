"""The web process: Django, with the event stream as a raw route before every middleware."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.server.settings")
django_application = get_asgi_application()

from anlan.kernel.web.stream import EventStream  # noqa: E402  the application must be set up first

application = EventStream(django_application, path="/events/")
