"""`python -m anlan.server migrate`: as Django's, but an empty database gets its tables at once.

Replaying every migration takes most of a minute of computing before the first start. Tests show on both databases that
the migrations make the same tables as the models.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


class Command(Migrate):
    """Django's command with a shorter way for a new installation."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--step-by-step", action="store_true", help="Replay every migration on an empty database too."
        )

    def handle(self, *args: Any, step_by_step: bool = False, **options: Any) -> None:
        database = options.get("database", "default")
        connection = connections[database]
        told = options.get("app_label") or options.get("migration_name") or options.get("fake") or options.get("plan")
        asked = options.get("check_unapplied") or options.get("run_syncdb") or options.get("fake_initial")
        if step_by_step or told or asked or not _is_empty(connection):
            super().handle(*args, **options)
            return
        # All or nothing: what is killed in the middle leaves an empty database.
        connection.disable_constraint_checking()  # SQLite changes this outside of transactions only
        try:
            with transaction.atomic(database):
                _make_tables(connection)
                super().handle(*args, **{**options, "fake": True})
                connection.check_constraints()
        finally:
            connection.enable_constraint_checking()


def _is_empty(connection: BaseDatabaseWrapper) -> bool:
    return not connection.introspection.table_names()


def _make_tables(connection: BaseDatabaseWrapper) -> None:
    with connection.schema_editor() as editor:
        for config in apps.get_app_configs():
            for model in router.get_migratable_models(config, connection.alias):
                if model._meta.can_migrate(connection):
                    editor.create_model(model)
