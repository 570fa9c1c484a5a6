from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0005_maintnote_files'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='campaign',
            options={'ordering': ('-window__starts_at',), 'permissions': (('approve_campaign', 'Can approve campaigns of others'),), 'verbose_name': 'campaign', 'verbose_name_plural': 'campaigns'},
        ),
    ]
