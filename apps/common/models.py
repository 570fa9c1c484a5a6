from django.db import models


class TimestampedModel(models.Model):
    """Adds `created_at` and `updated_at`, for people and for caches: no rule may depend on them."""

    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        abstract = True
