from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audiences", "0001_initial"),
        ("campaigns", "0004_calendar_invitations"),
        ("channels", "0004_pausable_channels"),
    ]

    operations = [
        migrations.AddField(
            model_name="step",
            name="attaches_maintnote",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text=(
                    "E-mails carry a calendar file with the maintnote properties, for recipients whose own systems read notices. "
                    "Corrections and cancellations carry it too. Tick it wherever those systems should hear of a new state."
                ),
                verbose_name="maintnote file",
            ),
        ),
        migrations.AddField(
            model_name="touchpoint",
            name="attaches_maintnote",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(("attaches_maintnote", False), ("segment__isnull", False), _connector="OR"),
                name="step_that_attaches_maintnote_speaks_to_people",
            ),
        ),
    ]
