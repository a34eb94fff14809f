"""A running reference receiver in a folder of its own, and every way to talk to it."""

import http.client
import json
from pathlib import Path

from kiosk.upstream.https_upstream import HttpsUpstream, make_tls_context
from kiosk.upstream.reference_ledger import ReceiverFolder, load_receipt_key
from kiosk.upstream.reference_receiver import ReferenceReceiver
from kiosk.verification.verdict import message_hash, verify_receipt
from tests.bank import KIOSK_ID


class Bank:
    """A running receiver in a folder of its own, and what it said."""

    def __init__(self, folder: Path, files: ReceiverFolder) -> None:
        self.said: list[str] = []
        self.log = folder / "log.jsonl"
        self.files = files
        self.receiver = self.restarted()

    def restarted(self) -> ReferenceReceiver:
        self.receiver = ReferenceReceiver(self.files.folder, log=self.log, say=self.said.append)
        self.receiver.start()
        return self.receiver

    def upstream(self, timeout_s: float = 10.0) -> HttpsUpstream:
        ca, client, key = (path.read_text() for path in (self.files.ca, self.files.client, self.files.client_key))
        return HttpsUpstream(self.receiver.url, ca, client, key, timeout_s)

    def deliver(self, jws: str) -> str:
        upstream = self.upstream()
        try:
            return upstream.deliver(1, jws)
        finally:
            upstream.close()

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
        """One request of any kind; return status, content type and body."""
        with self.connected() as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()

    def connected(self) -> "Connection":
        ca, client, key = (path.read_text() for path in (self.files.ca, self.files.client, self.files.client_key))
        return Connection("127.0.0.1", self.receiver.port, timeout=10, context=make_tls_context(ca, client, key))

    def logged(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def sequences(self) -> list[int]:
        return [entry.message.sequence for entry in self.receiver.ledger.received()]

    def receipt_for(self, receipt: str, jws: str, sequence: int) -> object:
        key = load_receipt_key(self.files.receipt_key).public_key()
        return verify_receipt(receipt, key, KIOSK_ID, sequence, message_hash(jws))


class Connection(http.client.HTTPSConnection):
    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
