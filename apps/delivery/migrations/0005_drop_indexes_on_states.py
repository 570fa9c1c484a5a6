from django.db import migrations

from apps.common.operations import RemoveIndexOnline


class Migration(migrations.Migration):
    """An index on a column that changes in a good life costs every delivery a write to all indexes."""

    atomic = False

    dependencies = [("delivery", "0004_index_what_is_asked_for")]

    operations = [
        RemoveIndexOnline(model_name="batch", name="batch_to_claim"),
        RemoveIndexOnline(model_name="batch", name="batch_abandoned"),
        RemoveIndexOnline(model_name="delivery", name="delivery_by_touchpoint_state"),
        RemoveIndexOnline(model_name="delivery", name="delivery_of_batch"),
        RemoveIndexOnline(model_name="delivery", name="delivery_in_doubt"),
    ]
