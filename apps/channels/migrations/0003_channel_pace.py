import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0002_what_becomes_of_a_doubt'),
    ]

    operations = [
        migrations.AddField(
            model_name='channel',
            name='pace',
            field=models.FloatField(blank=True, help_text='Messages per second that the provider takes, of all workers together; 0.5 is one every two seconds. Empty: as fast as it goes.', null=True, validators=[django.core.validators.MinValueValidator(0.001), django.core.validators.MaxValueValidator(100000.0)], verbose_name='pace'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(('pace__isnull', True), ('pace__gt', 0), _connector='OR'), name='channel_pace_goes_forward'),
        ),
    ]
