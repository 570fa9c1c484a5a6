"""E-mail backends speak many tongues; here each error of theirs becomes ours, and what is left over is a bug."""

import smtplib
from collections.abc import Collection
from typing import Any

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.utils.translation import gettext as _

from .http_errors import refusal
from .messages import Phase, TransportError
from .smtp_errors import Step, reply_text
from .smtp_errors import refusal as smtp_refusal

# anymail's words for one recipient; beside them there is only “unknown”.
TAKEN = ("sent", "queued")
REFUSED = ("invalid", "rejected", "failed")

# Raised by `requests` before anything was written. Its ConnectionError alone may mean either side of the hand-over.
_NOTHING_WRITTEN = (
    requests.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)
_NO_CONNECTION = (
    "NewConnectionError",
    "NameResolutionError",
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "NoCredentialsError",
)


def transport_error(error: Exception) -> TransportError | None:
    """What an error of an open e-mail backend means for its message; None when it is nobody's but a bug's."""
    if isinstance(error, TransportError):
        return error
    if isinstance(error, AnymailError):
        return _from_anymail(error)
    if isinstance(error, smtplib.SMTPException):
        return _from_smtplib(error)
    if isinstance(error, OSError):  # of a backend that tells no phase
        return _in_doubt(error)
    return None


def status_error(status: Any) -> TransportError | None:
    """What anymail's status of one recipient means; None where the provider took the message."""
    if status is not None and status.status in TAKEN:
        return None
    if status is not None and status.status in REFUSED:
        return refused_recipient({status.status})
    text = _("The e-mail provider did not say what became of this message: it may have been taken.")
    return TransportError(text, permanent=False, phase=Phase.AFTER)


def refused_recipient(statuses: Collection[str]) -> TransportError:
    text = _("The e-mail provider refused the address: %(status)s.") % {"status": ", ".join(sorted(statuses))}
    return TransportError(text, permanent=True, bad_address="invalid" in statuses)


def cannot_open(error: Exception) -> TransportError:
    """Nothing was handed over, and nothing else can be now."""
    text = _("The e-mail backend cannot connect: %(text)s") % {"text": str(error) or type(error).__name__}
    return TransportError(text, permanent=False, channel_down=True)


def _from_anymail(error: Any) -> TransportError:
    if isinstance(error, AnymailRecipientsRefused):
        statuses = {str(recipient.status) for recipient in error.email_message.anymail_status.recipients.values()}
        return refused_recipient(statuses)
    if not isinstance(error, AnymailAPIError):  # an unsupported feature, an unreadable address: the message's own fault
        return TransportError(" ".join(map(str, error.args)), permanent=True)
    status, headers, text = _answer(error)
    if status >= 300:
        return refusal(status, text=text, headers=headers)
    return _in_doubt(error) if status or not _nothing_written(error) else cannot_open(error.__cause__ or error)


def _answer(error: Any) -> tuple[int, Any, str]:
    """Status, headers and text of the provider's answer; status 0 when there was none."""
    response = error.response
    if isinstance(response, dict):  # boto3, for Amazon SES
        metadata, details = response.get("ResponseMetadata", {}), response.get("Error", {})
        headers = requests.structures.CaseInsensitiveDict(metadata.get("HTTPHeaders", {}))
        return int(metadata.get("HTTPStatusCode", 0)), headers, f"{details.get('Code', '')} {details.get('Message', '')}"
    if response is None:
        return 0, {}, ""
    return int(response.status_code), response.headers, str(response.text)


def _nothing_written(error: Any) -> bool:
    cause: Any = error.__cause__
    if isinstance(error, _NOTHING_WRITTEN) or isinstance(cause, _NOTHING_WRITTEN):
        return True
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return any(type(each).__name__ in _NO_CONNECTION for each in (cause, reason))


def _from_smtplib(error: Any) -> TransportError:
    """Of Django's own SMTP backend, which hides the phase: only a reply that was read is sure."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return smtp_refusal(Step.RCPT, code, reply_text(text))
    if isinstance(error, smtplib.SMTPResponseException):
        step = Step.MAIL if isinstance(error, smtplib.SMTPSenderRefused) else Step.DOT
        return smtp_refusal(step, error.smtp_code, reply_text(error.smtp_error))
    return _in_doubt(error)


def _in_doubt(error: Exception) -> TransportError:
    text = _("The e-mail backend broke off (%(name)s): the message may have arrived.") % {"name": type(error).__name__}
    is_silence = isinstance(error, TimeoutError | requests.Timeout)
    return TransportError(text, permanent=False, phase=Phase.AFTER, channel_down=is_silence)
