from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Deliveries in doubt are found by their reason, so none may have another."""

    dependencies = [("delivery", "0005_drop_indexes_on_states")]

    operations = [
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=~Q(state="in_doubt") | Q(reason__in=("no_answer", "worker_lost")), name="delivery_in_doubt_says_why"
            ),
        ),
    ]
