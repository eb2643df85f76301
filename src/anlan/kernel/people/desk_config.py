"""Names our own site as Django's admin; listed after the people room so that our templates come first."""

from __future__ import annotations

from django.contrib.admin.apps import SimpleAdminConfig


class SystemDeskConfig(SimpleAdminConfig):
    default_site = "anlan.kernel.people.desk.SystemSite"
