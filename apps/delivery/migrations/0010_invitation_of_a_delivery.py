from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("campaigns", "0004_calendar_invitations"), ("delivery", "0009_circuits_of_channels")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="invitation",
            field=models.CharField(
                blank=True,
                choices=[("", "–"), ("request", "Invitation"), ("cancel", "Cancellation")],
                db_default="",
                default="",
                max_length=8,
                verbose_name="calendar",
            ),
        ),
    ]
