import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_run_by_hand"),
        ("channels", "0004_pausable_channels"),
        ("delivery", "0013_editions_and_gists"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AlarmWay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(blank=True, max_length=254, verbose_name="address")),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="channels.channel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alarm_way", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "way of alarms",
                "verbose_name_plural": "ways of alarms",
            },
        ),
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("silent_since", models.DateTimeField()),
                ("promised_by", models.DateTimeField(verbose_name="promised by")),
                ("raised_at", models.DateTimeField(verbose_name="raised at")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("spared", "Not needed"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("way", models.CharField(blank=True, db_default="", default="", max_length=120)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent at")),
                ("error", models.CharField(blank=True, db_default="", default="", max_length=300)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="alarms", to="campaigns.campaign"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "alarm",
                "verbose_name_plural": "alarms",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting"), ("state", "sending"), _connector="OR"),
                        fields=["next_at"],
                        name="alarm_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "silent_since"), name="one_alarm_per_silence"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), _negated=True), ("sent_at__isnull", False), _connector="OR"
                        ),
                        name="sent_alarm_has_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "failed"), _negated=True), models.Q(("error", ""), _negated=True), _connector="OR"
                        ),
                        name="failed_alarm_says_why",
                    ),
                ],
            },
        ),
    ]
