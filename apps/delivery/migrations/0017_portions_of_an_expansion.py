from django.db import migrations, models


class Migration(migrations.Migration):
    """Additive: what older code writes is complete."""

    dependencies = [
        ("campaigns", "0013_moments_of_one_campaign"),
        ("delivery", "0016_names_of_rehearsed_moments"),
    ]

    operations = [
        migrations.AddField(model_name="expansion", name="reached", field=models.BigIntegerField(null=True)),
        migrations.AddIndex(
            model_name="expansion",
            index=models.Index(condition=models.Q(("reached__isnull", False)), fields=["touchpoint"], name="expansion_unfinished"),
        ),
    ]
