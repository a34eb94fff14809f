"""Twenty kills at a store's own work: nothing that was said to be done is lost, nothing that was erased comes back.

The long form is `kiosk selftest crash`.
"""

from pathlib import Path

from kiosk.admin.store_crash_run import StoreCrashRun

KILLS = 20


def test_twenty_kills_at_the_store_lose_and_bring_back_nothing(tmp_path: Path) -> None:
    report = StoreCrashRun(tmp_path, seed=20262).run(KILLS, lambda _: None)
    assert report.faults == []
    assert sum(report.kills.values()) == KILLS
    assert report.committed > 0
