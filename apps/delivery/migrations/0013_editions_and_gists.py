import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_run_by_hand"),
        ("delivery", "0012_rehearsals"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="gist",
            field=models.CharField(blank=True, db_default="", default="", max_length=160),
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("content", models.JSONField()),
                ("first_used_at", models.DateTimeField(verbose_name="first used at")),
                (
                    "touchpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="campaigns.touchpoint"
                    ),
                ),
            ],
            options={
                "verbose_name": "edition",
                "verbose_name_plural": "editions",
            },
        ),
        migrations.AddField(
            model_name="batch",
            name="edition",
            field=models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="delivery.edition"
            ),
        ),
        migrations.AddConstraint(
            model_name="edition",
            constraint=models.UniqueConstraint(fields=("touchpoint", "digest"), name="one_edition_per_touchpoint_and_digest"),
        ),
    ]
