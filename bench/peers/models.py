import uuid

from django.db import models


class Recipient(models.Model):
    name = models.CharField(max_length=120)
    organisation = models.CharField(max_length=120)
    email = models.EmailField()

    def __str__(self) -> str:
        return self.email


class Mail(models.Model):
    """The durable row per recipient."""

    QUEUED, SENT, FAILED = "queued", "sent", "failed"

    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT)
    token = models.UUIDField(unique=True, default=uuid.uuid4)
    state = models.CharField(max_length=8, default=QUEUED)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("state",), name="mail_by_state"),)

    def __str__(self) -> str:
        return f"{self.recipient_id}: {self.state}"
