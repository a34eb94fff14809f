"""Which page belongs to which phase, and which step of the progress it is."""

from collections.abc import Mapping
from types import MappingProxyType

from kiosk.session.machine import Phase
from kiosk.ui.customer.account_page import AccountPage
from kiosk.ui.customer.consent_page import ConsentPage
from kiosk.ui.customer.details_page import DetailsPage
from kiosk.ui.customer.document_page import DocumentPage
from kiosk.ui.customer.face_pages import LivenessPage, PositioningPage
from kiosk.ui.customer.language_page import LanguagePage
from kiosk.ui.customer.own_data_pages import (
    OwnCodePage,
    OwnConsentPage,
    OwnDocumentPage,
    OwnErasingPage,
    OwnMissingPage,
    OwnSearchPage,
)
from kiosk.ui.customer.own_record_pages import OwnCopyPage, OwnErasedPage, OwnErasurePage, OwnRecordPage
from kiosk.ui.customer.page import Page
from kiosk.ui.customer.preparing_page import PreparingPage
from kiosk.ui.customer.verdict_page import VerdictPage
from kiosk.ui.customer.waiting_pages import ComparingPage, RecordingPage, WaitingPage
from kiosk.ui.customer.welcome_page import WelcomePage

PAGES: Mapping[Phase, type[Page]] = MappingProxyType(
    {
        Phase.IDLE: WelcomePage,
        Phase.CHOOSING_LANGUAGE: LanguagePage,
        Phase.ASKING_CONSENT: ConsentPage,
        Phase.CHOOSING_ACCOUNT_CLASS: AccountPage,
        Phase.READING_DOCUMENT: DocumentPage,
        Phase.CONFIRMING_DETAILS: DetailsPage,
        Phase.PREPARING_FACE_CHECK: PreparingPage,
        Phase.POSITIONING: PositioningPage,
        Phase.CHECKING_LIVENESS: LivenessPage,
        Phase.COMPARING: ComparingPage,
        Phase.WAITING_FOR_TELLER: WaitingPage,
        Phase.RECORDING_VERDICT: RecordingPage,
        Phase.SHOWING_VERDICT: VerdictPage,
        Phase.OWN_LANGUAGE: LanguagePage,
        Phase.OWN_CONSENT: OwnConsentPage,
        Phase.OWN_CODE: OwnCodePage,
        Phase.OWN_DOCUMENT: OwnDocumentPage,
        Phase.OWN_SEARCH: OwnSearchPage,
        Phase.OWN_MISSING: OwnMissingPage,
        Phase.OWN_RECORD: OwnRecordPage,
        Phase.OWN_COPY: OwnCopyPage,
        Phase.OWN_ERASURE: OwnErasurePage,
        Phase.OWN_ERASING: OwnErasingPage,
        Phase.OWN_ERASED: OwnErasedPage,
    }
)

STEPS = ("language", "consent", "account", "document", "details", "face", "done")
"""Keys of the steps' names; `teller` stands in for `face` where the face is not shown."""

OWN_STEPS = ("language", "own_consent", "own_code", "document", "own_record")
"""Of a customer who asks for their own record."""

STEP_OF_PHASE: Mapping[Phase, int | None] = MappingProxyType(
    {
        Phase.IDLE: None,
        Phase.CHOOSING_LANGUAGE: 0,
        Phase.ASKING_CONSENT: 1,
        Phase.CHOOSING_ACCOUNT_CLASS: 2,
        Phase.READING_DOCUMENT: 3,
        Phase.CONFIRMING_DETAILS: 4,
        Phase.PREPARING_FACE_CHECK: 5,
        Phase.POSITIONING: 5,
        Phase.CHECKING_LIVENESS: 5,
        Phase.COMPARING: 5,
        Phase.WAITING_FOR_TELLER: 5,
        Phase.RECORDING_VERDICT: 5,
        Phase.SHOWING_VERDICT: 6,
        Phase.OWN_LANGUAGE: 0,
        Phase.OWN_CONSENT: 1,
        Phase.OWN_CODE: 2,
        Phase.OWN_DOCUMENT: 3,
        Phase.OWN_SEARCH: 3,
        Phase.OWN_MISSING: 3,
        Phase.OWN_RECORD: 4,
        Phase.OWN_COPY: 4,
        Phase.OWN_ERASURE: 4,
        Phase.OWN_ERASING: 4,
        Phase.OWN_ERASED: 4,
    }
)
