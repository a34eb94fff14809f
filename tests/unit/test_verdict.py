"""The bytes that leave the kiosk: pinned, one length, and good for nothing but what they say."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import joserfc.jws
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from kiosk.document.evidence import DocumentKind
from kiosk.verification.verdict import (
    MAX_COUNTER,
    MESSAGE_BYTES,
    MESSAGE_JWS_CHARS,
    RECEIPT_BYTES,
    RECEIPT_JWS_CHARS,
    REFERENCE_DOCUMENT_KINDS,
    KeyAnnouncement,
    MessageFormatError,
    ReceiptRecord,
    ReferenceInputError,
    SignatureError,
    Verdict,
    VerdictMessage,
    WrongReceiptError,
    application_reference,
    key_id_of,
    key_thumbprint,
    message_hash,
    sign_message,
    sign_receipt,
    verify_message,
    verify_receipt,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "verdict_messages.json"
BIRTH_DATE = date(1974, 8, 12)
SALT = bytes(range(16))

ids = st.binary(min_size=16, max_size=16)
hashes = st.binary(min_size=32, max_size=32)
counters = st.integers(0, MAX_COUNTER)
verdict_messages = st.builds(VerdictMessage, ids, counters, st.builds(Verdict, hashes, st.booleans(), counters), hashes)
announcements = st.builds(KeyAnnouncement, ids, counters, counters, hashes)
messages = verdict_messages | announcements
receipts = st.builds(ReceiptRecord, ids, counters, hashes, counters)


def key_from(phrase: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(phrase.encode()).digest())


KIOSK_KEY = key_from("a kiosk that exists in tests only")
BANK_KEY = key_from("a bank that exists in tests only")


def golden_records() -> dict[str, str]:
    reference = application_reference(SALT, DocumentKind.PASSPORT, "L898902C3", BIRTH_DATE)
    kiosk_id, tree_head = bytes(range(16, 32)), bytes(range(32, 64))
    yes = VerdictMessage(kiosk_id, 7, Verdict(reference, True, 1_800_000_000), tree_head)
    no = VerdictMessage(kiosk_id, 8, Verdict(reference, False, 1_800_000_001), tree_head)
    announcement = KeyAnnouncement(kiosk_id, 9, 1_800_000_002, key_from("next key").public_key().public_bytes_raw())
    receipt = ReceiptRecord(kiosk_id, 7, message_hash(sign_message(yes, KIOSK_KEY)), 1_800_000_003)
    return {
        "application_reference_hex": reference.hex(),
        "yes_record_hex": yes.encode().hex(),
        "yes_jws": sign_message(yes, KIOSK_KEY),
        "no_record_hex": no.encode().hex(),
        "no_jws": sign_message(no, KIOSK_KEY),
        "key_announcement_record_hex": announcement.encode().hex(),
        "key_announcement_jws": sign_message(announcement, KIOSK_KEY),
        "receipt_record_hex": receipt.encode().hex(),
        "receipt_jws": sign_receipt(receipt, BANK_KEY),
    }


def test_the_bytes_equal_the_golden_file() -> None:
    assert golden_records() == json.loads(GOLDEN.read_text(encoding="ascii"))


def test_the_records_have_the_fixed_order_of_the_design() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="ascii"))
    record = bytes.fromhex(golden["yes_record_hex"])
    assert record[0:2] == b"\x01\x01"
    assert record[2:18] == bytes(range(16, 32))
    assert record[18:50].hex() == golden["application_reference_hex"]
    assert record[50] == 1
    assert int.from_bytes(record[51:59], "big") == 1_800_000_000
    assert int.from_bytes(record[59:67], "big") == 7
    assert record[67:99] == bytes(range(32, 64))
    assert len(record) == MESSAGE_BYTES == 99
    assert bytes.fromhex(golden["no_record_hex"])[50] == 0
    assert bytes.fromhex(golden["key_announcement_record_hex"])[1] == 2
    assert bytes.fromhex(golden["receipt_record_hex"])[:2] == b"\x01\x03"


def test_the_thumbprint_is_the_one_of_rfc_8037() -> None:
    private = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = Ed25519PrivateKey.from_private_bytes(private).public_key()
    assert key_thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_header_holds_algorithm_and_key_and_nothing_else() -> None:
    header = golden_records()["yes_jws"].split(".")[0]
    assert base64.urlsafe_b64decode(header + "==") == (
        b'{"alg":"Ed25519","kid":"' + key_thumbprint(KIOSK_KEY.public_key()).encode() + b'"}'
    )


@given(messages)
def test_another_implementation_of_jws_verifies_our_messages(message: VerdictMessage | KeyAnnouncement) -> None:
    jwk = OKPKey.import_key(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": base64.urlsafe_b64encode(KIOSK_KEY.public_key().public_bytes_raw()).rstrip(b"=").decode(),
        }
    )
    read = joserfc.jws.deserialize_compact(sign_message(message, KIOSK_KEY), jwk, algorithms=["Ed25519"])
    assert read.payload == message.encode()
    assert read.protected["kid"] == jwk.thumbprint()


@given(messages)
def test_a_message_survives_signing_and_verifying_and_always_has_one_length(
    message: VerdictMessage | KeyAnnouncement,
) -> None:
    jws = sign_message(message, KIOSK_KEY)
    assert len(jws) == MESSAGE_JWS_CHARS
    assert verify_message(jws, KIOSK_KEY.public_key()) == message
    assert key_id_of(jws) == key_thumbprint(KIOSK_KEY.public_key())
    assert type(message).decode(message.encode()) == message


@given(receipts)
def test_a_receipt_survives_signing_and_verifying_and_always_has_one_length(receipt: ReceiptRecord) -> None:
    jws = sign_receipt(receipt, BANK_KEY)
    assert len(jws) == RECEIPT_JWS_CHARS
    assert len(receipt.encode()) == RECEIPT_BYTES
    read = verify_receipt(jws, BANK_KEY.public_key(), receipt.kiosk_id, receipt.sequence, receipt.message_sha256)
    assert read == receipt


@given(verdict_messages)
def test_every_single_flipped_bit_of_a_message_is_refused(message: VerdictMessage) -> None:
    jws = sign_message(message, KIOSK_KEY).encode("ascii")
    bit = message.sequence % (len(jws) * 8)
    changed = bytearray(jws)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((SignatureError, MessageFormatError)):
        verify_message(changed.decode("latin-1"), KIOSK_KEY.public_key())


def verify_yes(jws: str) -> object:
    return verify_message(jws, KIOSK_KEY.public_key())


def verify_its_receipt(jws: str) -> object:
    return verify_receipt(
        jws, BANK_KEY.public_key(), bytes(range(16, 32)), 7, message_hash(golden_records()["yes_jws"])
    )


@pytest.mark.parametrize(("which", "verify"), [("yes_jws", verify_yes), ("receipt_jws", verify_its_receipt)])
def test_no_bit_of_a_signed_record_is_without_meaning(which: str, verify: Callable[[str], object]) -> None:
    verify(golden_records()[which])
    jws = golden_records()[which].encode("ascii")
    for bit in range(len(jws) * 8):
        changed = bytearray(jws)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((SignatureError, MessageFormatError)):
            verify(changed.decode("latin-1"))


@given(st.text(max_size=400) | st.from_regex(r"[A-Za-z0-9_.-]{285,290}", fullmatch=True))
def test_whatever_is_no_message_is_named_so(text: str) -> None:
    with pytest.raises((MessageFormatError, SignatureError)):
        verify_message(text, KIOSK_KEY.public_key())
    with pytest.raises((MessageFormatError, SignatureError)):
        verify_receipt(text, BANK_KEY.public_key(), bytes(16), 0, bytes(32))


@given(st.binary(min_size=99, max_size=99) | st.binary(max_size=200))
def test_a_record_that_decodes_has_exactly_one_spelling(payload: bytes) -> None:
    for record in (VerdictMessage, KeyAnnouncement, ReceiptRecord):
        try:
            decoded = record.decode(payload)
        except MessageFormatError:
            continue
        assert decoded.encode() == payload


def test_a_message_signed_by_another_key_is_refused() -> None:
    jws = sign_message(VerdictMessage(bytes(16), 1, Verdict(bytes(32), True, 0), bytes(32)), BANK_KEY)
    with pytest.raises(SignatureError):
        verify_message(jws, KIOSK_KEY.public_key())


def test_a_receipt_is_never_taken_for_a_verdict_nor_a_verdict_for_a_receipt() -> None:
    golden = {name: bytes.fromhex(text) for name, text in golden_records().items() if name.endswith("_hex")}
    for name in ("receipt_record_hex", "key_announcement_record_hex"):
        with pytest.raises(MessageFormatError):
            VerdictMessage.decode(golden[name])
    with pytest.raises(MessageFormatError):
        KeyAnnouncement.decode(golden["yes_record_hex"])
    with pytest.raises(MessageFormatError):
        ReceiptRecord.decode(golden["yes_record_hex"][:RECEIPT_BYTES])
    with pytest.raises(MessageFormatError):
        verify_message(golden_records()["receipt_jws"], BANK_KEY.public_key())
    with pytest.raises(MessageFormatError):
        verify_receipt(golden_records()["yes_jws"], KIOSK_KEY.public_key(), bytes(range(16, 32)), 7, bytes(32))


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, 2), (0, 0), (1, 0), (1, 3), (1, 255), (50, 2), (50, 255), (51, 0x80), (59, 0x80)],
)
def test_unknown_versions_kinds_answers_and_counters_are_refused(at: int, value: int) -> None:
    record = bytearray.fromhex(golden_records()["yes_record_hex"])
    record[at] = value
    with pytest.raises(MessageFormatError):
        VerdictMessage.decode(bytes(record))


@pytest.mark.parametrize("at", [18, 49, 50])
def test_a_key_announcement_has_no_room_for_anything_else(at: int) -> None:
    record = bytearray.fromhex(golden_records()["key_announcement_record_hex"])
    record[at] = 1
    with pytest.raises(MessageFormatError):
        KeyAnnouncement.decode(bytes(record))


@pytest.mark.parametrize(
    ("kiosk_id", "sequence", "digest"),
    [(bytes(16), 4, bytes(32)), (bytes(16), 3, bytes(31) + b"\1"), (bytes(15) + b"\1", 3, bytes(32))],
)
def test_a_replayed_receipt_for_another_message_does_not_close_this_one(
    kiosk_id: bytes, sequence: int, digest: bytes
) -> None:
    receipt = sign_receipt(ReceiptRecord(bytes(16), 3, bytes(32), 5), BANK_KEY)
    with pytest.raises(WrongReceiptError):
        verify_receipt(receipt, BANK_KEY.public_key(), kiosk_id, sequence, digest)


def test_a_record_that_cannot_be_sent_cannot_be_made() -> None:
    with pytest.raises(MessageFormatError, match="application reference has 32 bytes"):
        Verdict(bytes(31), True, 0)
    with pytest.raises(MessageFormatError, match="time of issue"):
        Verdict(bytes(32), True, -1)
    with pytest.raises(MessageFormatError, match="sequence"):
        VerdictMessage(bytes(16), 2**63, Verdict(bytes(32), True, 0), bytes(32))
    with pytest.raises(MessageFormatError, match="kiosk id"):
        KeyAnnouncement(bytes(15), 1, 0, bytes(32))


def test_the_reference_is_the_hash_that_the_documentation_describes() -> None:
    described = SALT + bytes([8]) + b"passport" + bytes([9]) + b"L898902C3" + b"19740812"
    assert application_reference(SALT, DocumentKind.PASSPORT, "L898902C3", BIRTH_DATE) == (
        hashlib.sha256(described).digest()
    )


def test_every_kind_of_document_can_be_referred_to() -> None:
    assert tuple(kind.value for kind in DocumentKind) == REFERENCE_DOCUMENT_KINDS
    references = {application_reference(SALT, kind, "AB12", BIRTH_DATE) for kind in DocumentKind}
    assert len(references) == len(DocumentKind)


@pytest.mark.parametrize("typed", ["l898902c3", "L898 902 C3", "L898-902-C3", "L898902C3<<<"])
def test_a_number_typed_from_the_document_gives_the_same_reference(typed: str) -> None:
    expected = application_reference(SALT, "passport", "L898902C3", BIRTH_DATE)
    assert application_reference(SALT, "passport", typed, BIRTH_DATE) == expected


def test_anything_else_gives_another_reference() -> None:
    expected = application_reference(SALT, "passport", "L898902C3", BIRTH_DATE)
    assert application_reference(bytes(16), "passport", "L898902C3", BIRTH_DATE) != expected
    assert application_reference(SALT, "visa", "L898902C3", BIRTH_DATE) != expected
    assert application_reference(SALT, "passport", "L898902C31", BIRTH_DATE) != expected
    assert application_reference(SALT, "passport", "L898902C3", date(1974, 8, 13)) != expected


@pytest.mark.parametrize("number", ["", "<<<", "A" * 33, "A/1", "ß1", "ı1", "１２", "护照1"])
def test_a_number_that_no_document_has_is_refused(number: str) -> None:
    with pytest.raises(ReferenceInputError):
        application_reference(SALT, "passport", number, BIRTH_DATE)


def test_a_wrong_salt_or_kind_is_refused() -> None:
    with pytest.raises(ReferenceInputError, match="32 hex digits"):
        application_reference(bytes(15), "passport", "A1", BIRTH_DATE)
    with pytest.raises(ReferenceInputError, match="passport"):
        application_reference(SALT, "driving_licence", "A1", BIRTH_DATE)
