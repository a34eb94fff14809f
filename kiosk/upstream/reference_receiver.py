"""The reference receiver: the bank's end of the line, for demo, tests and as an example to bank IT.

Puts the ledger behind the HTTPS server and tells each new verdict once, on the screen and in a log. An example and a
test bench, not for production.
"""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from kiosk.upstream.reference_ledger import Ledger, Received, ReceiverError, ReceiverFolder, load_receipt_key
from kiosk.upstream.reference_server import VERDICTS_PATH, ReceiverServer
from kiosk.verification.verdict import VerdictMessage


class ReferenceReceiver:
    """Serves one receiver folder; `start` and `stop` for tests, `serve` for the command."""

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
        say: Callable[[str], None] = lambda line: print(line, flush=True),
        ledger: Ledger | None = None,
    ) -> None:
        """Bind to the port (0: any free one); `log` gets one JSON line for each new message."""
        files = ReceiverFolder(folder)
        self.ledger = ledger or open_ledger(folder)
        self._teller_of_news = Announcer(self.ledger, log, say)
        self._server = ReceiverServer((host, port), files, self._receive)
        self._thread: threading.Thread | None = None
        self.host, self.port = host, int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where kiosks post their messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}{VERDICTS_PATH}"

    def start(self) -> None:
        """Tell what an earlier run left untold, then serve in a thread of its own."""
        self._teller_of_news.catch_up()
        self._thread = threading.Thread(target=self._serve, name="receiver", daemon=True)
        self._thread.start()

    def serve(self) -> None:
        """Tell what an earlier run left untold, then serve until the process is told to end."""
        self._teller_of_news.catch_up()
        self._serve()

    def stop(self) -> None:
        """Stop serving and close everything."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.close_all()
        self.ledger.close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)

    def _receive(self, jws: str) -> str:
        """Count the message, tell it if it is new, return the receipt."""
        acceptance = self.ledger.accept(jws)
        if acceptance.news is not None:
            self._teller_of_news.tell(acceptance.news)
        return acceptance.receipt


def open_ledger(folder: Path) -> Ledger:
    """Open the ledger of a folder made by `kiosk receiver init`."""
    files = ReceiverFolder(folder)
    return Ledger(files.database, load_receipt_key(files.receipt_key), lambda: int(time.time()))


class Announcer:
    """Tells each new message once: a line for people, and a JSON line in the log. Survives being killed between."""

    def __init__(self, ledger: Ledger, log: Path | None, say: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._log = log
        self._say = say
        self._lock = threading.Lock()

    def catch_up(self) -> None:
        """Tell what was counted but not told when the receiver last ended."""
        logged = self._mend_log()
        for news in self._ledger.unannounced():
            if (news.message.kiosk_id.hex(), news.message.sequence) in logged:
                self._ledger.mark_announced(news.message)
            else:
                self.tell(news)

    def tell(self, news: Received) -> None:
        """Write the log, say the line, note that it was told; a full disk is said and tried again at the next start."""
        with self._lock:
            try:
                self._append(news)
            except OSError as error:
                self._say(f"the log could not be written ({error.strerror}); it is completed at the next start")
                return
            if missing := self._ledger.missing_before(news.message):
                self._say(f"{news.message.kiosk_id.hex()}: {missing} earlier messages have not arrived yet")
            self._say(describe(news))
            self._ledger.mark_announced(news.message)

    def _append(self, news: Received) -> None:
        if self._log is not None:
            with self._log.open("ab", buffering=0) as file:
                file.write(json.dumps(log_entry(news)).encode("ascii") + b"\n")

    def _mend_log(self) -> set[tuple[str, int]]:
        """Drop a line that a kill cut in two and return which messages the log holds."""
        if self._log is None:
            return set()
        try:
            with self._log.open("ab"):
                pass  # one that cannot be written is said now, not at the first verdict
        except OSError as error:
            raise ReceiverError(f"{self._log} cannot be written: {error.strerror}; choose another --log.") from error
        try:
            content = self._log.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if whole != content:
                self._log.write_bytes(whole)
            entries = [json.loads(line) for line in whole.splitlines()]
            return {(entry["kiosk_id"], entry["sequence"]) for entry in entries}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReceiverError(f"{self._log} is no log of this receiver; choose another --log.") from error


def describe(news: Received) -> str:
    """Return the line for people: time, kiosk, sequence, reference, yes or no."""
    entry = log_entry(news)
    what = f"{entry['reference']} {entry['answer']}" if entry["kind"] == "verdict" else "announces its next key"
    return f"{entry['received_at']} {entry['kiosk_id']} #{entry['sequence']} {what}"


def log_entry(news: Received) -> dict[str, str | int | None]:
    """Return what the log keeps of a message, the signed original included."""
    message = news.message
    verdict = message.verdict if isinstance(message, VerdictMessage) else None
    return {
        "received_at": datetime.fromtimestamp(news.received_at_s, UTC).isoformat(),
        "kiosk_id": message.kiosk_id.hex(),
        "sequence": message.sequence,
        "kind": "key_announcement" if verdict is None else "verdict",
        "reference": None if verdict is None else verdict.reference.hex(),
        "answer": None if verdict is None else ("yes" if verdict.answer else "no"),
        "jws": news.jws,
    }
