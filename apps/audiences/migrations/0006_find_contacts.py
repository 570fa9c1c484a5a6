from django.db import DatabaseError, migrations, models
from django.db.models import Q

from apps.common.operations import AddIndexOnline

# As Django writes `name__icontains`; the same index serves each of the four and any of them together.
SEARCHED = ", ".join(f"UPPER({column}::text) gin_trgm_ops" for column in ("name", "email", "phone", "organisation"))


def index_words(apps, schema_editor):
    """Where the extension may not be had, searches read all contacts, as they do on SQLite; docs/operating.md names the remedy."""
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        print(f"\n    Searches among contacts get no index, because PostgreSQL refuses pg_trgm: {str(error).strip()}", end="")
        return
    schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS contact_by_words")
    schema_editor.execute(f"CREATE INDEX CONCURRENTLY contact_by_words ON audiences_contact USING gin ({SEARCHED})")


def forget_words(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS contact_by_words")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("audiences", "0005_erasure")]

    operations = [
        AddIndexOnline(
            model_name="contact",
            index=models.Index(fields=("name", "id"), condition=Q(archived_at__isnull=True), name="contact_by_name"),
        ),
        migrations.RunPython(index_words, forget_words),
    ]
