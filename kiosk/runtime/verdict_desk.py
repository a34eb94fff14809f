"""Where a decision becomes a durable, signed yes or no. The only place that uses the signing key."""

import secrets
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.privacy.consent import Consent
from kiosk.privacy.own_code import ALPHABET, LENGTH, code_check
from kiosk.privacy.visit_statement import OutcomeClass, StatementCore, sign_statement
from kiosk.runtime.clock import Clock
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import VisitSlip
from kiosk.session.events import ApplicationRecord, TellerConfirmed, TellerRefused
from kiosk.session.machine import Session
from kiosk.store import verdict_words
from kiosk.store.store import Store
from kiosk.store.visit_records import CommittedVerdict, SignedVerdict
from kiosk.verification.verdict import (
    SALT_BYTES,
    SHA256_BYTES,
    Verdict,
    VerdictMessage,
    application_reference,
    sign_message,
)


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """By what an answer was found, as hashes that a slip can state; 32 bytes each."""

    models_sha256: bytes
    policy_sha256: bytes


NO_RULES = RulesInForce(bytes(SHA256_BYTES), bytes(SHA256_BYTES))


class VerdictDesk:
    """Consent, commit and discard of one visit after the other."""

    def __init__(
        self,
        store: Store,
        bridge: StoreBridge,
        signing_key: Ed25519PrivateKey,
        kiosk_id: bytes,
        terminal_name: str,
        clock: Clock,
        on_committed: Callable[[int], None],
        rules: RulesInForce = NO_RULES,
    ) -> None:
        self._store = store
        self._bridge = bridge
        self._signing_key = signing_key
        self._kiosk_id = kiosk_id
        self._terminal_name = terminal_name
        self._clock = clock
        self._on_committed = on_committed
        self._rules = rules

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The one in use."""
        return self._signing_key

    def sign_with(self, signing_key: Ed25519PrivateKey) -> None:
        """Sign what is answered from now on with another key."""
        self._signing_key = signing_key

    def when_done(
        self, future: "Future[Any]", then: Callable[[Any], None], otherwise: Callable[[BaseException], None]
    ) -> None:
        """Call back in the Qt thread."""
        self._bridge.when_done(future, then, otherwise)

    def record_consent(self, visit_id: str, consent: Consent) -> "Future[Any]":
        return submitted(self._store, "record_consent", visit_id, consent)

    def discard_visit(self, visit_id: str, on_trouble: Callable[[str], None]) -> None:
        """Erase what a visit without a verdict left; what could not be erased now goes at the next start."""
        future = submitted(self._store, "discard_visit", visit_id)
        self._bridge.when_done(
            future, lambda _: None, lambda error: on_trouble(f"A visit could not be erased yet: {error}")
        )

    def commit(
        self,
        visit_id: str,
        session: Session,
        record: ApplicationRecord,
        then: Callable[[VisitSlip], None],
        otherwise: Callable[[BaseException], None],
    ) -> None:
        """Keep the record (yes only), then sign and queue the verdict in one transaction with the audit entry."""
        assert session.answer is not None
        assert session.consent is not None
        answered_at = self._clock.now()
        salt = secrets.token_bytes(SALT_BYTES)
        reference = application_reference(salt, record.document_kind, record.document_number, record.birth_date)
        verdict = Verdict(reference, session.answer, int(answered_at.timestamp()))
        own_code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) if session.answer else ""

        signing_key, consent_sha256 = self._signing_key, bytes.fromhex(session.consent.text_sha256)

        def core(sequence: int) -> StatementCore:
            return StatementCore(
                self._kiosk_id, verdict.issued_at_s, reference, salt, consent_sha256, self._rules.models_sha256,
                self._rules.policy_sha256, _outcome(session), sequence,
            )  # fmt: skip

        def build(sequence: int, tree_head: bytes) -> SignedVerdict:
            message = VerdictMessage(self._kiosk_id, sequence, verdict, tree_head)
            return SignedVerdict(sign_message(message, signing_key), core(sequence).sha256)

        def slip(committed: CommittedVerdict) -> VisitSlip:
            public_key = signing_key.public_key().public_bytes_raw()
            return VisitSlip(
                terminal=self._terminal_name,
                issued_at=answered_at,
                application_reference=reference.hex(),
                salt=salt.hex(),
                accepted=verdict.answer,
                own_code=own_code,
                statement=sign_statement(core(committed.sequence), committed.place, public_key, signing_key.sign),
            )

        kept: Future[Any] | None = None
        if session.answer:
            check = code_check(own_code, reference)
            kept = submitted(self._store, "keep_application", visit_id, record, reference, answered_at, check)
        actor, detail = _who(session)
        future = submitted(
            self._store, "commit_verdict", visit_id, build=build, verdict=verdict, actor=actor, detail=detail
        )

        def done(committed: CommittedVerdict) -> None:
            then(slip(committed))
            self._on_committed(committed.sequence)

        def refused(error: BaseException) -> None:
            """A record that was not kept is why its yes is refused; the store answers in order, so that is known."""
            cause = kept.exception() if kept is not None else None
            otherwise(cause or error)

        self._bridge.when_done(future, done, refused)


def _outcome(session: Session) -> OutcomeClass:
    match session.teller_act:
        case TellerConfirmed():
            return OutcomeClass.CONFIRMED_BY_STAFF
        case TellerRefused():
            return OutcomeClass.REFUSED_BY_STAFF
        case None:
            return OutcomeClass.ACCEPTED_BY_POLICY


def _who(session: Session) -> tuple[str, str]:
    """Actor and reason for the audit entry, with the face check that was chosen; no personal datum."""
    match session.teller_act:
        case TellerConfirmed(teller_id=teller_id, checks=checks):
            return teller_id, verdict_words.confirmed(session.referral, session.variant, checks)
        case TellerRefused(teller_id=teller_id, reason=reason):
            return teller_id, verdict_words.refused(reason, session.variant)
        case None:
            return "machine", verdict_words.accepted(session.variant)
