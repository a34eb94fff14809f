"""A kiosk that answers visits as desk does, with real signatures: its store, its slips, and what the bank received."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import public_key_pem
from kiosk.privacy.visit_statement import OutcomeClass, StatementCore, sign_statement
from kiosk.store.audit_writing import write_export
from kiosk.store.signed_head import HeadSigner
from kiosk.store.store import Store
from kiosk.store.visit_records import SignedVerdict
from kiosk.verification.verdict import Verdict, VerdictMessage, sign_message
from tests.stores import CONSENT, MONDAY, RECORD

ISSUED_AT_S = int(MONDAY.timestamp())


@dataclass
class Answering:
    """Signs and keeps one answer after the other."""

    store: Store
    kiosk_id: bytes = bytes(range(16))
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    messages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.public_key = self.key.public_key().public_bytes_raw()
        self.store.sign_heads_with(HeadSigner(self.kiosk_id, self.public_key, self.key.sign))

    def answer(self, visit_id: str | None = None, *, yes: bool = False) -> str:
        """Answer one visit; return the text of its slip's code."""
        visit_id = visit_id or secrets.token_hex(16)
        reference, salt = secrets.token_bytes(32), secrets.token_bytes(16)
        verdict = Verdict(reference, yes, ISSUED_AT_S)
        self.store.record_consent(visit_id, CONSENT)
        if yes:
            self.store.keep_application(visit_id, RECORD, reference, MONDAY)

        def core(sequence: int) -> StatementCore:
            return StatementCore(
                self.kiosk_id,
                ISSUED_AT_S,
                reference,
                salt,
                bytes.fromhex(CONSENT.text_sha256),
                b"\x01" * 32,
                b"\x02" * 32,
                OutcomeClass.ACCEPTED_BY_POLICY if yes else OutcomeClass.REFUSED_BY_STAFF,
                sequence,
            )

        def build(sequence: int, tree_head: bytes) -> SignedVerdict:
            jws = sign_message(VerdictMessage(self.kiosk_id, sequence, verdict, tree_head), self.key)
            return SignedVerdict(jws, core(sequence).sha256)

        committed = self.store.commit_verdict(
            visit_id,
            build=build,
            verdict=verdict,
            actor="machine" if yes else "1042",
            detail="accepted by the policy" if yes else "refused: not_eligible",
        )
        self.messages.append(committed.jws)
        return sign_statement(core(committed.sequence), committed.place, self.public_key, self.key.sign)

    def public_key_file(self, folder: Path) -> Path:
        path = folder / "public-key.pem"
        path.write_text(public_key_pem(self.key.public_key()), encoding="ascii")
        return path

    def messages_file(self, folder: Path) -> Path:
        path = folder / "messages.txt"
        path.write_text("\n".join(self.messages) + "\n", encoding="ascii")
        return path

    def export(self, path: Path, after: int = 0) -> Path:
        with path.open("wb") as file:
            write_export(self.store, file, after)
        return path
