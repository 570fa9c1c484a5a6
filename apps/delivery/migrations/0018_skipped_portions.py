from django.db import migrations, models


class Migration(migrations.Migration):
    """Additive: what older code writes is complete."""

    dependencies = [("delivery", "0017_portions_of_an_expansion")]

    operations = [
        migrations.AddField(model_name="expansion", name="skipped_at", field=models.DateTimeField(null=True)),
    ]
