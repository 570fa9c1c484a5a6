"""Migrations of tables that are written while they migrate."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations.operations import AddConstraint, AddIndex, RemoveIndex


class AddIndexOnline(AddIndex):
    """On PostgreSQL writers go on while the index is built; elsewhere a plain AddIndex. The migration needs `atomic = False`.

    An attempt that was interrupted has left an invalid index of that name, which makes room first.
    """

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
        online = AddIndexConcurrently(self.model_name, self.index)
        online.database_forwards(app_label, schema_editor, from_state, to_state)


class RemoveIndexOnline(RemoveIndex):
    """The same for an index that nothing asks for any more."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        online = RemoveIndexConcurrently(self.model_name, self.name)
        online.database_forwards(app_label, schema_editor, from_state, to_state)


class AddUniqueOnline(AddConstraint):
    """The same for a unique constraint that is an index: one of expressions, such as UniqueConstraint("campaign", "key", name=…)."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.constraint.name)}")
        model = to_state.apps.get_model(app_label, self.model_name)
        statement = str(self.constraint.create_sql(model, schema_editor))
        schema_editor.execute(statement.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1))
