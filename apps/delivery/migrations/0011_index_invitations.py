from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.common.operations import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("delivery", "0010_invitation_of_a_delivery")]

    operations = [
        AddIndexOnline(
            model_name="delivery",
            index=models.Index(
                "touchpoint", Lower("address"), condition=~Q(invitation=""), name="delivery_with_an_invitation"
            ),
        ),
    ]
