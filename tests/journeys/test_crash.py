"""Processes killed at random instants: the next start is clean, nothing is lost or doubled (short form).

The long form is `kiosk selftest crash --kills 100`.
"""

from kiosk.admin.crash_run import CrashRun

KILLS = 10


def test_ten_kills_lose_and_double_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    with CrashRun(tmp_path, seed=20261) as crash:
        report = crash.run(KILLS, lambda _: None)
    assert report.faults == []
    assert sum(report.kills.values()) == KILLS
    assert report.committed == report.received > 0
