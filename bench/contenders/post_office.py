"""django-post_office: mails queued with `send_many`, sent by `send_queued_mail --processes 2`."""

from . import Place
from .peer import Peer


class PostOffice(Peer):
    name = "post-office"
    title = "django-post_office"
    verb = ("post_office", "2")
    has_worker = False
    count_sent = "SELECT count(*) FROM post_office_email WHERE status = 0"

    def prepare(self, place: Place, recipients: int) -> None:
        self.verb = ("post_office", str(place.workers))
        super().prepare(place, recipients)
