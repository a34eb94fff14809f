"""Announces to teller and IT, once a day, which certificate of the bank's line is near its end or past it.

Believes nobody and renews nothing; whether a certificate is good is decided at each connection.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from cryptography import x509
from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.runtime.clock import Clock
from kiosk.supervision.certificate_expiry import CertificateEnd, CertificateKind, expiry_words, is_due

_LOOK_EVERY_MS = 3_600_000


class CertificateWatch(QObject):
    """Reads the files anew each time: a renewed one is noticed without a restart."""

    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(self, authority: Path, client: Path, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._authority = authority
        self._client = client
        self._clock = clock
        self._server_ends_at: datetime | None = None
        self._said_on: dict[CertificateKind, date] = {}
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        self.look()
        self._timer.start()

    def look(self) -> None:
        """Announce what is due and was not announced today."""
        now = self._clock.now()
        for end in self._ends():
            if is_due(end, now) and self._said_on.get(end.kind) != now.date():
                self._said_on[end.kind] = now.date()
                self.trouble.emit(expiry_words(end, now))

    def server_shown(self, ends_at_s: int) -> None:
        """The courier has met the bank's server; what it says of it is worth a hint and nothing more."""
        try:
            self._server_ends_at = datetime.fromtimestamp(ends_at_s, UTC)
        except (ValueError, OverflowError, OSError):  # no year that there is
            return
        self.look()

    def _ends(self) -> list[CertificateEnd]:
        """Of several authorities the last one counts: an old one may stand beside the new one."""
        ends = []
        if clients := _ends_of(self._client):
            ends.append(CertificateEnd(CertificateKind.CLIENT, clients[0]))
        if authorities := _ends_of(self._authority):
            ends.append(CertificateEnd(CertificateKind.AUTHORITY, max(authorities)))
        if self._server_ends_at is not None:
            ends.append(CertificateEnd(CertificateKind.SERVER, self._server_ends_at))
        return ends


def _ends_of(path: Path) -> list[datetime]:
    """Nothing where the file does not read: the courier says so, and the next start refuses."""
    try:
        return [found.not_valid_after_utc for found in x509.load_pem_x509_certificates(path.read_bytes())]
    except (OSError, ValueError):
        return []
