from celery import shared_task
from django.core.mail import get_connection
from django.utils import timezone

from .letters import mail_to
from .models import Mail


@shared_task
def send_one(mail_id: int) -> None:
    """One task per message, its own connection, its row updated: what most tutorials show."""
    mail = Mail.objects.select_related("recipient").get(pk=mail_id)
    if mail.state != Mail.QUEUED:
        return
    mail_to(mail.recipient, mail.token).send()
    mail.state, mail.sent_at = Mail.SENT, timezone.now()
    mail.save(update_fields=["state", "sent_at"])


@shared_task
def send_chunk(mail_ids: list[int]) -> None:
    """One connection and one statement for all of a chunk."""
    mails = list(Mail.objects.select_related("recipient").filter(pk__in=mail_ids, state=Mail.QUEUED))
    with get_connection() as connection:
        connection.send_messages([mail_to(mail.recipient, mail.token) for mail in mails])
    now = timezone.now()
    for mail in mails:
        mail.state, mail.sent_at = Mail.SENT, now
    Mail.objects.bulk_update(mails, ["state", "sent_at"])
