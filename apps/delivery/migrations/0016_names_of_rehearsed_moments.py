from django.db import migrations, models


class Migration(migrations.Migration):
    """A rehearsal names a moment as its planners did. What was rehearsed before has no name."""

    dependencies = [("delivery", "0015_find_deliveries_by_touchpoint")]

    operations = [
        migrations.AddField(
            model_name="rehearsalmessage",
            name="label",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
    ]
