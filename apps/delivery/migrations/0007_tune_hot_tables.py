from django.db import migrations

# Of a page of deliveries 45 % are filled, so that each row's second version finds room beside its first and no index is
# touched. Statistics follow a new touchpoint at once instead of after a tenth of all rows ever written.
SETTINGS = {
    "delivery_delivery": {
        "fillfactor": 45,
        "autovacuum_vacuum_scale_factor": 0.05,
        "autovacuum_vacuum_insert_scale_factor": 0.05,
        "autovacuum_analyze_scale_factor": 0.02,
    },
    "delivery_batch": {"autovacuum_vacuum_scale_factor": 0.02, "autovacuum_analyze_scale_factor": 0.02},
}


def tune(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, options in SETTINGS.items():
            given = ", ".join(f"{name} = {value}" for name, value in options.items())
            schema_editor.execute(f"ALTER TABLE {table} SET ({given})")


def untune(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, options in SETTINGS.items():
            schema_editor.execute(f"ALTER TABLE {table} RESET ({', '.join(options)})")


class Migration(migrations.Migration):
    """How PostgreSQL keeps the two tables that are written all the time. It locks out nobody."""

    dependencies = [("delivery", "0006_doubts_say_why")]

    operations = [migrations.RunPython(tune, untune)]
