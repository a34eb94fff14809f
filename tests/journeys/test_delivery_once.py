"""The bank may be away, killed and restarted: each verdict counts exactly once, in the bytes of the golden file."""

import argparse

from kiosk.admin.demo_visit import DemoVisit
from kiosk.verification.verdict import MESSAGE_JWS_CHARS

OPTIONS = {
    "subject": "genuine", "capture": None, "document": None, "document_kind": "td3", "customer": "declines-face",
    "teller": "confirm", "language": "en", "account_class": "III", "size": "1920x1080", "keep": False,
    "by_hand": False, "no_pictures": True, "timeout": 170.0,
}  # fmt: skip


def test_a_bank_that_is_killed_and_restarted_counts_the_verdict_once(tmp_path, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    with DemoVisit(argparse.Namespace(out=tmp_path, **OPTIONS)) as visit:
        visit.make_folders()
        visit.start_receiver()
        visit.stop_receiver()

        def restart_when_told(line: str) -> None:
            if line in ("showing verdict", "idle"):
                visit.restart_receiver()

        visit.follow(restart_when_told)
        visit.restart_receiver()
        assert visit.start_drain().wait(60) == 0
        received = visit.received()
        assert [entry["answer"] for entry in received] == ["yes"]
        assert [entry["sequence"] for entry in received] == [1]
        assert len(received[0]["jws"]) == MESSAGE_JWS_CHARS
