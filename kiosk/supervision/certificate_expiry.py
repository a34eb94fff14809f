"""When a certificate is near its end, and what teller and IT are told of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

ANNOUNCED_BEFORE = timedelta(days=30)


class CertificateKind(StrEnum):
    """Whose certificate it is."""

    CLIENT = "client"
    """This terminal's, which the bank asks for."""
    AUTHORITY = "authority"
    """The bank's, by which its server is believed."""
    SERVER = "server"
    """The bank's server's, as it was last shown."""


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """One certificate and its last moment."""

    kind: CertificateKind
    ends_at: datetime


def is_due(end: CertificateEnd, now: datetime) -> bool:
    """True from thirty days before the end on, and after it."""
    return end.ends_at - now <= ANNOUNCED_BEFORE


def expiry_words(end: CertificateEnd, now: datetime) -> str:
    """One sentence for teller and IT, with the cure."""
    whose, cure = _whose(end.kind)
    days = (end.ends_at - now).days
    if end.ends_at <= now:
        return f"{whose} expired on {end.ends_at:%Y-%m-%d}, so nothing is delivered to the bank: {cure}."
    when = "in less than a day" if days < 1 else "in 1 day" if days == 1 else f"in {days} days"
    return f"{whose} expires {when}, on {end.ends_at:%Y-%m-%d}; after that nothing is delivered: {cure}."


def _whose(kind: CertificateKind) -> tuple[str, str]:
    match kind:
        case CertificateKind.CLIENT:
            return "This terminal's client certificate", "have the bank renew it, and install the answer"
        case CertificateKind.AUTHORITY:
            return "The certificate of the bank's authority", "ask the bank for the new one and put it in its place"
        case CertificateKind.SERVER:
            return "The certificate of the bank's server", "tell the bank, which must renew it"
        case _:
            assert_never(kind)
