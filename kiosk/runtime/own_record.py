"""Finds a customer's own record by code and document, hands out a copy, has it erased. Forgets it with the visit."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.privacy.data_list import About, DataProtectionList
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.notice import NoticeSection, sections_by_element
from kiosk.privacy.retention import StoredRecord
from kiosk.runtime.clock import Clock
from kiosk.runtime.erasure_desk import ErasureDesk
from kiosk.runtime.portable_copy import in_parts, portable_copy
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import ErasureSlip, OwnRecord
from kiosk.session.events import (
    Event,
    Language,
    OwnRecordErased,
    OwnRecordFound,
    OwnRecordMissing,
    OwnRecordNotErased,
    OwnRecordOutcome,
)
from kiosk.session.machine import Session
from kiosk.store.audit_trail import MACHINE
from kiosk.store.own_records import FoundRecord, OwnDocument
from kiosk.store.store import Store
from kiosk.verification.failure_limits import FailureRecord, after_failure

Answer = Callable[[Event, dict[str, Any]], None]
"""Takes the event that follows, and what changes in the view before it."""


class OwnRecordDesk(QObject):
    """One customer after the other; after five tries on end that found nothing the terminal takes its time."""

    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(
        self,
        store: Store,
        bridge: StoreBridge,
        clock: Clock,
        erasures: ErasureDesk,
        data_list: DataProtectionList,
        terminal_name: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._bridge = bridge
        self._clock = clock
        self.erasures = erasures
        self._data_list = data_list
        self._terminal_name = terminal_name
        self._failures = FailureRecord()
        self._application_id: str | None = None

    def find(self, session: Session, wanted: Callable[[], bool], answer: Answer) -> None:
        """Look for the record, at once or when the wait after many tries is over; not once nobody wants it any more."""
        evidence, consent = session.evidence, session.consent
        assert evidence is not None
        assert consent is not None
        document = OwnDocument(evidence.kind, evidence.number, evidence.birth_date)
        asked = partial(self._ask, session.own_code, document, consent.text_sha256, session.language, wanted, answer)
        QTimer.singleShot(round(self._wait_s() * 1000), self, asked)

    def copy(self, own: OwnRecord, answer: Answer) -> None:
        """The copy as square codes, once the audit says that it is handed out."""
        assert self._application_id is not None
        self._bridge.when_done(
            submitted(self._store, "record_copy", self._application_id, MACHINE),
            lambda found: self._copied(found, own, answer),
            lambda error: self._fail(error, OwnRecordMissing(OwnRecordOutcome.OUT_OF_REACH), answer),
        )

    def erase(self, language: Language, answer: Answer) -> None:
        """Erase the record that was found."""
        assert self._application_id is not None

        def erased(slip: ErasureSlip) -> None:
            answer(OwnRecordErased(), {"own_record": None, "erasure": slip})

        self.erasures.erase(
            self._application_id,
            ErasureReason.CUSTOMER_WISH,
            MACHINE,
            lambda: language,
            erased,
            lambda error: self._fail(error, OwnRecordNotErased(), answer),
        )

    def forget(self) -> None:
        """The visit is over."""
        self._application_id = None

    # --- for the teller ---

    def hand_over_copy(
        self,
        application_id: str,
        actor: str,
        then: Callable[[OwnRecord | None], None],
        otherwise: Callable[[BaseException], None],
    ) -> None:
        """A copy by a teller's act, in the language in which the customer agreed; None where the record is gone."""

        def copied(found: FoundRecord | None) -> None:
            then(None if found is None else _with_copy(self._own_record(found, _language_of(found))))

        future: Future[Any] = submitted(self._store, "record_copy", application_id, actor)
        self._bridge.when_done(future, copied, otherwise)

    def _ask(
        self,
        code: str,
        document: OwnDocument,
        notice_sha256: str,
        language: Language,
        wanted: Callable[[], bool],
        answer: Answer,
    ) -> None:
        if not wanted():
            return
        self._bridge.when_done(
            submitted(self._store, "find_own_record", code, document, notice_sha256),
            lambda found: self._found(found, language, answer) if wanted() else None,
            lambda error: self._fail(error, OwnRecordMissing(OwnRecordOutcome.OUT_OF_REACH), answer),
        )

    def _found(self, found: FoundRecord | None, language: Language, answer: Answer) -> None:
        if found is None:
            self._failures = after_failure(self._failures, self._clock.monotonic_s())
            answer(OwnRecordMissing(OwnRecordOutcome.NOT_FOUND), {})
            return
        self._failures = FailureRecord()
        self._application_id = found.application.application_id
        answer(OwnRecordFound(), {"own_record": self._own_record(found, language)})

    def _copied(self, found: FoundRecord | None, own: OwnRecord, answer: Answer) -> None:
        if found is None:  # a teller has erased it meanwhile
            answer(OwnRecordMissing(OwnRecordOutcome.NOT_FOUND), {"own_record": None})
        else:
            answer(Event(), {"own_record": _with_copy(own)})

    def _fail(self, error: BaseException, event: Event, answer: Answer) -> None:
        self.trouble.emit(f"A customer's own record could not be reached: {error}")
        answer(event, {"own_record": None})

    def _wait_s(self) -> float:
        now_s = self._clock.monotonic_s()
        until_s = self._failures.waits_until_s
        return max(0.0, until_s - now_s) if until_s is not None else 0.0

    def _own_record(self, found: FoundRecord, language: Language) -> OwnRecord:
        kept = found.application
        return OwnRecord(
            terminal=self._terminal_name,
            language=language,
            record=kept.record,
            application_reference=kept.reference.hex(),
            answered_at=kept.answered_at,
            erased_at_latest=kept.erased_at_latest,
            agreed_at=None if found.consent is None else found.consent.given_at,
            delivered_at=found.delivered_at,
            held=self._sections(language, held=True),
            stays=self._sections(language, held=False),
        )

    def _sections(self, language: Language, *, held: bool) -> tuple[NoticeSection, ...]:
        """What is in the record, or what is kept beside it and names nobody, in words of the list."""
        words = sections_by_element(self._data_list, language)
        return tuple(
            words[element.id]
            for element in (self._data_list.kept_elements if held else self._data_list.elements)
            if element.about is About.CUSTOMER
            and element.record is not None
            and (element.record is StoredRecord.APPLICATION) is held
        )


def _with_copy(own: OwnRecord) -> OwnRecord:
    return replace(own, copy=in_parts(portable_copy(own)))


def _language_of(found: FoundRecord) -> Language:
    """That of the consent; a consent is kept longer than the record, unless its clock was wrong."""
    return Language.ENGLISH if found.consent is None else Language(found.consent.language)
