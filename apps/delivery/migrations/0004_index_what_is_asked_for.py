from django.db import migrations, models
from django.db.models import Q

from apps.common.operations import AddIndexOnline


class Migration(migrations.Migration):
    """Each index holds the few rows that its query asks for."""

    atomic = False

    dependencies = [("delivery", "0003_doubtful_deliveries")]

    operations = [
        AddIndexOnline(
            model_name="batch",
            index=models.Index(fields=["priority", "not_before", "id"], condition=Q(state="ready"), name="batch_claimable"),
        ),
        AddIndexOnline(
            model_name="batch",
            index=models.Index(fields=["lease_until"], condition=Q(state="leased") | Q(state="sending"), name="batch_in_hand"),
        ),
        AddIndexOnline(
            model_name="batch",
            index=models.Index(fields=["touchpoint"], condition=~Q(state="done"), name="batch_unfinished"),
        ),
        AddIndexOnline(model_name="delivery", index=models.Index(fields=["batch"], name="delivery_by_batch")),
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(fields=["touchpoint", "reason"], condition=~Q(reason=""), name="delivery_with_a_reason"),
        ),
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                fields=["touchpoint"], condition=Q(reason="no_answer") | Q(reason="worker_lost"), name="delivery_doubted"
            ),
        ),
    ]
