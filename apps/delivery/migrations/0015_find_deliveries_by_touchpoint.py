from django.db import migrations, models

from apps.common.operations import AddUniqueOnline

RARE = ("delivery_with_a_reason", "delivery_doubted", "delivery_with_an_invitation")


def make_the_rare_anew(apps, schema_editor):
    """SQLite keeps no statistics unasked: of two indexes that begin alike it takes the younger one."""
    if schema_editor.connection.vendor != "sqlite":
        return
    model = apps.get_model("delivery", "Delivery")
    for index in model._meta.indexes:
        if index.name in RARE:
            schema_editor.remove_index(model, index)
            schema_editor.add_index(model, index)


class Migration(migrations.Migration):
    """An index with a condition serves only queries that repeat it: by their touchpoint alone, deliveries were looked for
    among all that ever were. What older code writes fits the new one."""

    atomic = False

    dependencies = [("delivery", "0014_alarms")]

    operations = [
        AddUniqueOnline(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                "touchpoint", "revision", "contact", name="one_delivery_per_contact_of_a_touchpoint_and_revision"
            ),
        ),
        migrations.RemoveConstraint(model_name="delivery", name="one_delivery_per_touchpoint_revision_and_contact"),
        migrations.RunPython(make_the_rare_anew, migrations.RunPython.noop),
    ]
