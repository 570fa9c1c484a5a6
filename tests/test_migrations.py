"""Two versions of the code share one database while a deployment rolls: what the older one writes must still fit.

So a migration after the first adds and takes nothing away. One that has to, a release after the code has stopped using
what it takes, says so: `takes_away = "since 1.2 nothing reads it"` in its Migration class.
"""

import re
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

OURS = {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
TAKING = (
    migrations.RemoveField,
    migrations.RenameField,
    migrations.DeleteModel,
    migrations.RenameModel,
    migrations.AlterModelTable,
)
DESTRUCTIVE = re.compile(r"\b(drop\s+(table|column|type)|rename|truncate|set\s+not\s+null)\b", re.IGNORECASE)


def objection(operation: Any, state: ProjectState, label: str) -> str:
    """Why code that does not know of `operation` would break by it; nothing where it would not."""
    if isinstance(operation, TAKING):
        return f"{operation.describe()}: code of the release before still uses it"
    if isinstance(operation, migrations.AddField):
        return _of_added(operation.name, operation.field)
    if isinstance(operation, migrations.AlterField):
        before = state.models[label, operation.model_name_lower].fields[operation.name]
        return _of_altered(operation.name, before, operation.field)
    if isinstance(operation, migrations.RunSQL):
        statements = operation.sql if isinstance(operation.sql, str) else " ".join(str(part) for part in operation.sql)
        return f"{statements.strip()[:60]}: it takes something away" if DESTRUCTIVE.search(statements) else ""
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        return next(filter(None, (objection(part, state, label) for part in operation.database_operations)), "")
    return ""


def _of_added(name: str, field: models.Field) -> str:
    """Rows of the older code do not name the column, and Django's own default is not the database's."""
    is_optional = field.null or field.has_db_default() or field.many_to_many or isinstance(field, models.GeneratedField)
    return "" if is_optional else f"{name}: the older code could add no row; give it null=True or a db_default"


def _of_altered(name: str, before: models.Field, after: models.Field) -> str:
    if before.null and not after.null:
        return f"{name}: the older code may still write NULL"
    if before.get_internal_type() != after.get_internal_type():
        return f"{name}: another type than the older code reads"
    if (after.max_length or 0) < (before.max_length or 0):
        return f"{name}: shorter than what the older code may write"
    if after.unique and not before.unique:
        return f"{name}: the older code may write it twice"
    return ""


def later_migrations() -> list[Any]:
    loader = MigrationLoader(connection)
    return [migration for key, migration in sorted(loader.disk_migrations.items()) if key[0] in OURS and not migration.initial]


@pytest.mark.django_db
def test_every_migration_after_the_first_only_adds():
    loader = MigrationLoader(connection)
    found = []
    for migration in later_migrations():
        if getattr(migration, "takes_away", ""):
            continue
        state = loader.project_state((migration.app_label, migration.name), at_end=False)
        for operation in migration.operations:
            if why := objection(operation, state, migration.app_label):
                found.append(f"{migration}: {why}")
            operation.state_forwards(migration.app_label, state)

    assert found == []


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(migrations.RemoveField("channel", "config"), id="a column goes"),
        pytest.param(migrations.RenameField("channel", "config", "settings"), id="a column gets another name"),
        pytest.param(migrations.DeleteModel("Channel"), id="a table goes"),
        pytest.param(migrations.AddField("channel", "rank", models.IntegerField(default=0)), id="no default in the database"),
        pytest.param(migrations.AlterField("channel", "name", models.CharField(max_length=10)), id="shorter"),
        pytest.param(migrations.AlterField("channel", "name", models.TextField()), id="another type"),
        pytest.param(migrations.AlterField("channel", "evidence_minutes", models.SmallIntegerField()), id="no NULL any more"),
        pytest.param(migrations.RunSQL("ALTER TABLE channels_channel DROP COLUMN config"), id="by SQL"),
        pytest.param(
            migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL(["DROP TABLE channels_channel"])]),
            id="by SQL behind a veil",
        ),
    ],
)
@pytest.mark.django_db
def test_what_would_break_the_older_code_is_refused(operation):
    state = MigrationLoader(connection).project_state()

    assert objection(operation, state, "channels")


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(migrations.AddField("channel", "rank", models.IntegerField(null=True)), id="may be NULL"),
        pytest.param(migrations.AddField("channel", "rank", models.IntegerField(db_default=0)), id="a default in the database"),
        pytest.param(migrations.AlterField("channel", "name", models.CharField(max_length=200)), id="longer"),
        pytest.param(migrations.RunSQL("ALTER TABLE delivery_delivery SET (fillfactor = 60)"), id="how rows are kept"),
        pytest.param(migrations.RemoveIndex("channel", "some_index"), id="an index goes"),
    ],
)
@pytest.mark.django_db
def test_what_the_older_code_does_not_notice_is_let_through(operation):
    state = MigrationLoader(connection).project_state()

    assert objection(operation, state, "channels") == ""
