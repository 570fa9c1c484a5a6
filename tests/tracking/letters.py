"""Messages as they come to a mailbox."""

from email.message import EmailMessage


def letter(*calendars: bytes, message_id: str = "<1@carrier.example>", sender: str = "NOC <noc@carrier.example>") -> bytes:
    """With each calendar as an attachment."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "maintenance@preavis.test", "Maintenance"
    if message_id:
        message["Message-ID"] = message_id
    message.set_content("See attached.")
    for calendar in calendars:
        message.add_attachment(calendar, maintype="text", subtype="calendar", filename="invite.ics")
    return message.as_bytes()
