"""What the reader process found out about a document: the record that leaves it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DocumentKind(StrEnum):
    """What the document is, from its MRZ."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    VISA = "visa"


class DocumentRemark(StrEnum):
    """Why a document cannot be used as it is. Any remark refers the visit to the teller or asks anew."""

    EXPIRED = "expired"
    UNDER_AGE = "under_age"
    NEEDS_GUARDIAN = "needs_guardian"
    """The holder is too young to consent alone; a guardian does, before the teller."""
    CHECK_DIGIT_WRONG = "check_digit_wrong"
    NO_MRZ = "no_mrz"
    NO_PORTRAIT = "no_portrait"
    DATE_IMPOSSIBLE = "date_impossible"
    SEVERAL_DOCUMENTS = "several_documents"
    NOT_AN_IDENTITY_DOCUMENT = "not_an_identity_document"
    """A visa, or a crew member's certificate."""
    NUMBER_UNSURE = "number_unsure"
    """Another number that looks alike has the same check digit: the holder is asked to compare it, which no other
    remark leaves to them. A wrong number helps nobody: the bank recomputes the reference from the document itself."""


@dataclass(frozen=True, slots=True)
class DocumentEvidence:
    """Read and checked; holds no portrait, and not the sex: nothing needs it."""

    kind: DocumentKind
    issuing_state: str
    number: str
    primary_name: str
    secondary_name: str
    nationality: str
    birth_date: date
    expiry_date: date
    check_digits_valid: bool
    remarks: tuple[DocumentRemark, ...]

    @property
    def acceptable(self) -> bool:
        """Nothing speaks against using it; a document that cannot be judged is not acceptable."""
        return self.check_digits_valid and set(self.remarks) <= {DocumentRemark.NUMBER_UNSURE}
