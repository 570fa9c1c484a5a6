"""What an SMTP server's replies and silences mean: the phase in which it broke decides (docs/channels.md)."""

import re
import smtplib
from enum import StrEnum

from django.utils.translation import gettext as _

from .messages import Phase, TransportError

_ENHANCED = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")
# RFC 3463 and 7505: no such mailbox, system or syntax; moved; null MX. 5.1.7 and 5.1.8 speak of the sender.
_BAD_ADDRESS_DETAILS = {"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
_BAD_ADDRESS_CODES = {550, 551, 553, 556}  # at RCPT, where the server gives no detail
_SIGN_IN_CODES = {530, 534, 535, 538}  # RFC 4954: about our account, whatever the message


class Step(StrEnum):
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    DOT = "end of data"


class PhasedSMTPError(TransportError, smtplib.SMTPException):
    """A TransportError that plain users of the backend may catch, or silence, as smtplib's own.

    `connection_lost`: the connection is gone; the next message needs a new one. `reconnect`: so does this one, which may
    go again at once: servers close idle and busy connections as they please.
    """

    connection_lost = False
    reconnect = False


def refusal(step: Step, code: int, text: str) -> PhasedSMTPError:
    """An error reply that was read: the message was clearly not accepted, whatever the step."""
    about_account = code in _SIGN_IN_CODES
    error = PhasedSMTPError(
        _("The mail server refused at %(step)s: %(code)s %(text)s") % {"step": step, "code": code, "text": text},
        permanent=500 <= code < 600 and not about_account,
        code=str(code),
        bad_address=_is_bad_address(step, code, text),
        channel_down=about_account,
    )
    error.connection_lost = code == 421  # the server says it is closing
    error.reconnect = error.connection_lost and step is not Step.DOT
    return error


def _is_bad_address(step: Step, code: int, text: str) -> bool:
    detail = _ENHANCED.match(text)
    if detail:
        return step in (Step.RCPT, Step.DOT) and detail.group(0) in _BAD_ADDRESS_DETAILS
    return step is Step.RCPT and code in _BAD_ADDRESS_CODES


def lost(reason: Exception, *, phase: Phase) -> PhasedSMTPError:
    """The connection broke, or the server fell silent. After a silence the next message is not made to wait as long."""
    is_silence = isinstance(reason, TimeoutError)
    saying = _("The mail server stopped answering.") if is_silence else _("The mail server closed the connection.")
    if phase is Phase.AFTER:
        saying += " " + _("The whole message had been handed over: it may have arrived.")
    error = PhasedSMTPError(saying, permanent=False, phase=phase, channel_down=is_silence)
    error.connection_lost = True
    error.reconnect = phase is Phase.BEFORE and not is_silence
    return error


def no_connection(reason: Exception) -> PhasedSMTPError:
    """Nothing can leave now. Even a 5xx is temporary here: it is about our account or address, which a person can mend."""
    code, text = "", str(reason) or type(reason).__name__
    if isinstance(reason, smtplib.SMTPResponseException):
        code, text = str(reason.smtp_code), f"{reason.smtp_code} {reply_text(reason.smtp_error)}"
    saying = (
        _("Cannot sign in to the mail server: %(text)s")
        if isinstance(reason, smtplib.SMTPAuthenticationError)
        else _("Cannot connect to the mail server: %(text)s")
    )
    error = PhasedSMTPError(saying % {"text": text}, permanent=False, code=code, channel_down=True)
    error.connection_lost = True
    return error


def reply_text(raw: bytes | str) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else raw
