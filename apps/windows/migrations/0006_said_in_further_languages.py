from django.db import migrations, models


class Migration(migrations.Migration):
    """Reasons and outcomes in further languages. What was typed before is in the window's own alone."""

    dependencies = [("windows", "0005_sample_windows")]

    operations = [
        migrations.AddField(
            model_name=model,
            name=f"{said}_translations",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                editable=False,
                verbose_name=f"{said} in other languages",
            ),
        )
        for model, said in (("maintenancewindow", "outcome"), ("windowrevision", "reason"))
    ]
