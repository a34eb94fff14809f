"""When to try again, and what can go wrong on the way to the bank. Pure: no clock, no socket."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from kiosk.errors import UpstreamError

FIRST_RETRY_S = 2.0
"""Mean wait after the first failure."""
LONGEST_RETRY_S = 900.0
SHORTEST_RETRY_S = 0.25
"""Full jitter may draw zero; a delivery is never retried in a busy loop."""
LONGEST_RETRY_AFTER_S = 3600.0
"""A bank may ask for patience, not for silence."""

BANK_REFUSALS = frozenset({400, 409, 413, 415, 422})
"""Status codes that, with a problem document, mean that the bank refuses this very message."""
_CONFLICT = 409
_TAKEN_CURE = (
    "If it has counted another message under this number, this terminal runs on an older copy of its store: stop it,"
    " ask the bank for the last number it has, and put the newest backup back (`kiosk store restore --last-sequence`),"
    " or set the terminal up anew, with a new id and a new key."
)


class Upstream(Protocol):
    """Carries one signed message to the bank."""

    server_ends_at_s: int | None
    """When the certificate ends that the server showed last, in seconds since 1970."""

    def deliver(self, sequence: int, jws: str) -> str:
        """Return the bank's receipt, not yet verified; raise a leaf of `UpstreamError`."""

    def close(self) -> None:
        """End the connection."""


class AddressError(UpstreamError):
    """The bank's address is not one the kiosk may talk to."""


class CertificateSettingsError(UpstreamError):
    """CA, client certificate or client key cannot be used as configured."""


class DeliveryError(UpstreamError):
    """A message was not delivered this time; it stays in the outbox."""

    def __init__(self, sentence: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class NotAMessageError(DeliveryError):
    """What was given to send is not of the one length that every message has; it is never sent."""


class BankUnreachableError(DeliveryError):
    """No connection: refused, no route, no such host."""


class BankTimeoutError(DeliveryError):
    """No complete answer within the time allowed."""


class ConnectionLostError(DeliveryError):
    """The connection broke before the answer was complete."""


class ServerCertificateError(DeliveryError):
    """The server did not prove to be the bank."""


class ServerNotTrustedError(ServerCertificateError):
    """Not signed by the configured CA."""


class ServerNameError(ServerCertificateError):
    """Signed by the configured CA, but for another host."""


class ServerCertificateExpiredError(ServerCertificateError):
    """Expired or not valid yet, by this terminal's clock."""


class TlsVersionError(DeliveryError):
    """No common TLS version from 1.2 on."""


class ClientCertificateRefusedError(DeliveryError):
    """The bank does not accept this kiosk's certificate."""


class UnforeseenError(DeliveryError):
    """Something failed for which there is no name here; the courier's log has the whole of it."""


class AnswerError(DeliveryError):
    """The server answered, but not with a receipt."""


class RedirectRefusedError(AnswerError):
    """The server sent the kiosk elsewhere; it never goes."""


class UnexpectedStatusError(AnswerError):
    """Neither a receipt nor a refusal: the message is tried again."""

    def __init__(self, status: int, retry_after_s: float | None = None, reason: str | None = None) -> None:
        why = f" ({reason})" if reason else ""
        super().__init__(
            f"The bank's server answered with status {status}{why}; the message stays in the outbox.",
            retry_after_s=retry_after_s,
        )
        self.status = status


class AnswerTooLongError(AnswerError):
    """More bytes than a receipt can have."""


class GarbageAnswerError(AnswerError):
    """Not the form of a receipt."""


class MessageRefusedError(AnswerError):
    """The bank refuses this very message; trying it again unchanged will not help."""

    def __init__(self, status: int, title: str) -> None:
        cure = _TAKEN_CURE if status == _CONFLICT else "Ask the bank's IT why."
        super().__init__(f"The bank refuses this message (status {status}): {title}. {cure}")
        self.status = status
        self.title = title


def next_attempt_after(attempts: int, random: Callable[[], float], retry_after_s: float | None = None) -> float:
    """Return the seconds to wait after `attempts` failures in a row: exponential backoff with full jitter.

    `random` gives numbers from 0 to below 1, like `random.SystemRandom().random`. A bank's Retry-After is a lower
    bound, up to an hour.
    """
    if attempts < 1:
        raise ValueError("attempts counts the failures so far, at least 1")
    window_s = min(LONGEST_RETRY_S, 2 * FIRST_RETRY_S * 2.0 ** min(attempts - 1, 32))
    wait_s = max(SHORTEST_RETRY_S, random() * window_s)
    return max(wait_s, min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S))


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return seconds from a Retry-After header, 0 to an hour; None where it says nothing sensible."""
    if value is None or len(value) > 64:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):  # what the parser raises depends on how bad it is
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)
