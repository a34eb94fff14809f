"""What the bank is told in docs/openapi.yaml is what the reference receiver does and what the kiosk sends."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import make_receiver_folder
from kiosk.upstream.delivery import BANK_REFUSALS, LONGEST_RETRY_AFTER_S
from kiosk.upstream.https_upstream import IDLE_CONNECTION_S, MAX_ANSWER_BYTES
from kiosk.verification.verdict import (
    MESSAGE_BYTES,
    MESSAGE_JWS_CHARS,
    RECEIPT_BYTES,
    RECEIPT_JWS_CHARS,
    REFERENCE_DOCUMENT_KINDS,
)
from tests.bank import KIOSK_ID, signed_verdict
from tests.receiver import Bank

KEY = Ed25519PrivateKey.generate()
GOOD = signed_verdict(KEY, 1).encode()
JOSE = {"Content_Type": "application/jose"}


@pytest.fixture(scope="module")
def described(repository: Path) -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load((repository / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    return described


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("bank")
    running = Bank(folder, make_receiver_folder(folder / "files"))
    running.receiver.ledger.register(KEY.public_key(), KIOSK_ID)
    running.deliver(GOOD.decode())
    yield running
    running.receiver.stop()


def pattern_of(described: dict[str, Any], name: str) -> str:
    pattern = described["components"]["schemas"][name]["pattern"]
    assert isinstance(pattern, str)
    return pattern


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/v1/verdicts", signed_verdict(KEY, 3).encode(), JOSE, 200),
        ("POST", "/v1/verdicts", GOOD, JOSE, 200),
        ("POST", "/v1/verdicts", signed_verdict(KEY, 1, answer=False).encode(), JOSE, 409),
        ("POST", "/v1/verdicts", GOOD[:-1], JOSE, 400),
        ("POST", "/v1/verdicts", signed_verdict(Ed25519PrivateKey.generate(), 2).encode(), JOSE, 403),
        ("POST", "/v1/verdicts", signed_verdict(KEY, 2, kiosk_id=bytes(16)).encode(), JOSE, 403),
        ("POST", "/v1/verdicts", GOOD, {"Transfer_Encoding": "chunked"} | JOSE, 411),
        ("POST", "/v1/verdicts", b"a" * 5000, JOSE, 413),
        ("POST", "/v1/verdicts", GOOD, {"Content_Type": "text/plain"}, 415),
        ("GET", "/v1/verdicts", b"", {}, 405),
        ("PUT", "/v1/verdicts", b"", {}, 405),
        ("DELETE", "/v1/verdicts", b"", {}, 405),
        ("GET", "/v1/health", b"", {}, 200),
    ],
)
def test_the_receiver_answers_as_described(
    described: dict[str, Any],
    bank: Bank,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    found, content_type, answer = bank.request(method, path, body, **headers)
    assert found == status
    response = described["paths"][path][method.lower()]["responses"][str(status)]
    assert content_type in response["content"]
    match content_type:
        case "application/jose":
            assert re.fullmatch(pattern_of(described, "ReceiptJws"), answer.decode())
        case "application/problem+json":
            problem = json.loads(answer)
            assert set(problem) == {"title", "status"}
            assert problem["status"] == status
            assert 0 < len(problem["title"]) <= 120
        case _:
            assert json.loads(answer) == {"status": "ok"}


def test_a_ledger_in_trouble_is_described(described: dict[str, Any], tmp_path: Path) -> None:
    troubled = Bank(tmp_path, make_receiver_folder(tmp_path / "files"))
    troubled.receiver.ledger.close()
    status, content_type, _ = troubled.request("POST", "/v1/verdicts", GOOD, **JOSE)
    troubled.receiver.stop()
    response = described["paths"]["/v1/verdicts"]["post"]["responses"][str(status)]
    assert status == 503
    assert content_type in response["content"]
    assert "Retry-After" in response["headers"]


def test_every_described_status_of_a_delivery_has_been_seen(described: dict[str, Any]) -> None:
    statuses = set(described["paths"]["/v1/verdicts"]["post"]["responses"])
    assert statuses == {"200", "400", "403", "409", "411", "413", "415", "503", "default"}


def test_messages_and_receipts_have_the_described_form_and_length(described: dict[str, Any], repository: Path) -> None:
    golden = json.loads((repository / "tests" / "golden" / "verdict_messages.json").read_text(encoding="ascii"))
    schemas = described["components"]["schemas"]
    for name, length, examples in (
        ("MessageJws", MESSAGE_JWS_CHARS, ("yes_jws", "no_jws", "key_announcement_jws")),
        ("ReceiptJws", RECEIPT_JWS_CHARS, ("receipt_jws",)),
    ):
        assert schemas[name]["minLength"] == schemas[name]["maxLength"] == length
        for example in examples:
            assert re.fullmatch(pattern_of(described, name), golden[example])
            assert len(golden[example]) == length


def test_the_record_tables_add_up(described: dict[str, Any]) -> None:
    text = described["info"]["description"]
    for title, total in (("Message", MESSAGE_BYTES), ("Receipt", RECEIPT_BYTES)):
        assert f"**{title}** ({total} bytes" in text
        table = text.split(f"**{title}**")[1].split("\n\n")[1]
        rows = [(int(at), int(size)) for at, size in re.findall(r"^\| (\d+) \| (\d+) \|", table, re.MULTILINE)]
        ends = [at + size for at, size in rows]
        assert [at for at, _ in rows] == [0, *ends[:-1]]
        assert ends[-1] == total


def test_the_figures_in_the_text_are_those_of_the_code(described: dict[str, Any]) -> None:
    text = described["info"]["description"]
    refusals = described["paths"]["/v1/verdicts"]["post"]["responses"]["default"]["description"]
    assert f"at most {MAX_ANSWER_BYTES} bytes" in text
    assert f"idle for {IDLE_CONNECTION_S:g} seconds" in text
    assert f"the JWS has {MESSAGE_JWS_CHARS} characters" in text
    assert f"the JWS has {RECEIPT_JWS_CHARS} characters" in text
    assert all(f"`{kind}`" in text for kind in REFERENCE_DOCUMENT_KINDS)
    assert {int(status) for status in re.findall(r"\b4\d\d\b", refusals)} == BANK_REFUSALS
    assert LONGEST_RETRY_AFTER_S == 3600  # "up to one hour"


def test_the_description_is_complete_in_itself(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    references = re.findall(r"'\$ref': '#/components/(\w+)/(\w+)'", str(described))
    assert references
    assert all(name in described["components"][section] for section, name in references)
    assert described["components"]["securitySchemes"]["clientCertificate"]["type"] == "mutualTLS"
