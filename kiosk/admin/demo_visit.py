"""One demo visit: makes a kiosk, a bank's receiver and a specimen document, starts everything and reports.

Whatever it makes is made for this one visit in a folder of its own and goes with it.
"""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import IO, Any, Self

from hardware.camera import HardwareError
from hardware.recorded_camera import open_recorded_camera
from hardware.simulated.species import AttackSpecies
from kiosk.admin.certificates import make_receiver_folder
from kiosk.admin.demo_outcome import Outcome, Subject, departures
from kiosk.admin.new_kiosk import PUBLIC_KEY_FILE, FirstTeller, NewKiosk, make_kiosk
from kiosk.admin.run import start_kiosk
from kiosk.admin.specimen import demo_data, demo_portrait, render_specimen
from kiosk.errors import SettingsError
from kiosk.runtime.camera_choice import COMPANION
from kiosk.runtime.confinement import end_with_parent
from kiosk.settings import CameraSettings, PrivacySettings, ScreenSettings
from kiosk.verification.decision import ReferralReason
from kiosk.vision.installed_models import load_models
from kiosk.vision.models import MODELS_DIR, check_models
from kiosk.vision.photograph import load_photograph, save_png

DEMO_RESPONSIBLE = PrivacySettings(
    controller={"en": "Bank of Utopia, 1 Bank Street, Utopia", "zh": "乌托邦银行，乌托邦银行街 1 号"},
    officer={"en": "privacy@bank.example", "zh": "个人信息保护办公室，privacy@bank.example"},
    authority={"en": "Data Protection Authority of Utopia", "zh": "乌托邦个人信息保护机关"},
)
DEMO_TELLER = FirstTeller("1042", "Demo Teller", "264913")
SLIPS = "slips"
"""Folder below --out that stands in for the printer."""
_RECEIVER_START_S = 20.0
_HOMES, _HOME_LOCK = "kiosk-demo-", "in-use"


class DemoVisit:
    """Context: everything is stopped and removed at its end."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._out: Path = arguments.out
        self._processes: list[subprocess.Popen[bytes]] = []
        self._done: dict[str, Any] = {}
        self._started: dict[str, float] = {}

    def __enter__(self) -> Self:
        check_models(load_models(), MODELS_DIR)
        self._prepare_out()
        self._home, self._home_lock = _make_home()
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            _stop(process)
        if self._arguments.keep:
            shutil.copytree(self._home, self._out / "folders", dirs_exist_ok=True)
        shutil.rmtree(self._home, ignore_errors=True)
        self._home_lock.close()

    def run(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Walk through the visit; return the summary."""
        say("making a kiosk, a receiver and a specimen document")
        self.make_folders()
        self.start_receiver()
        say(f"the bank's receiver listens on 127.0.0.1:{self._port}")
        say("starting the kiosk: launcher, desk, eyes, reader, courier")
        self.follow(say)
        summary = self.summary()
        (self._out / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
        return summary

    # --- folders ---

    def _prepare_out(self) -> None:
        """Pictures of an earlier demo go; nothing else in the folder is touched."""
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            earlier = ("[0-9][0-9]-*.png", "summary.json", f"{SLIPS}/slip-*.txt")
            for old in [path for pattern in earlier for path in self._out.glob(pattern)]:
                old.unlink()
        except OSError as error:
            raise SettingsError(f"{self._out} cannot be written to: {error.strerror}; choose another --out.") from error

    @property
    def kiosk_folder(self) -> Path:
        return self._home / "kiosk"

    def make_folders(self) -> None:
        """Make the bank's receiver, the kiosk it knows, and the document on the tray."""
        self._port = _free_port()
        self._receiver = make_receiver_folder(self._home / "receiver")
        plan = NewKiosk(
            terminal_name="Demo terminal",
            language=self._arguments.language,
            printer=f"file:{self._out.resolve() / SLIPS}",
            bank_name="Bank of Utopia",
            bank_url=f"https://127.0.0.1:{self._port}/v1/verdicts",
            ca=self._receiver.ca,
            receipt_public_key=self._receiver.receipt_public_key,
            client_certificate=self._receiver.client,
            client_key=self._receiver.client_key,
            face_camera=self._face_camera(),
            document_camera=CameraSettings("page", str(self._document()), 1920, 1080, 10.0),
            teller=DEMO_TELLER,
            privacy=DEMO_RESPONSIBLE,
            demo=True,
            screen=self._screen(),
        )
        make_kiosk(self.kiosk_folder, plan)
        key = str(self.kiosk_folder / PUBLIC_KEY_FILE)
        _kiosk_command("receiver", "register", "--folder", str(self._receiver.folder), "--key", key)

    def _screen(self) -> ScreenSettings:
        if os.environ.get("QT_QPA_PLATFORM") != "offscreen":
            return ScreenSettings()
        width, _, height = self._arguments.size.partition("x")
        try:
            return ScreenSettings(int(width), int(height))
        except ValueError:
            raise SettingsError("--size is a width and a height, for example 1920x1080.") from None

    @property
    def _subject(self) -> Subject:
        if self._arguments.capture is not None:
            return Subject.RECORDING
        if self._arguments.subject in tuple(AttackSpecies):
            return Subject.ATTACK
        if self._arguments.subject == "impostor":
            return Subject.IMPOSTOR
        return Subject.GENUINE if self._arguments.document is None else Subject.UNKNOWN

    def _face_camera(self) -> CameraSettings:
        if (capture := self._arguments.capture) is not None:
            try:
                open_recorded_camera(capture).close()  # what cannot be played is named here, before anything starts
            except HardwareError as error:
                raise SettingsError(f"--capture: {error}") from error
            return CameraSettings("recorded" if self._arguments.capture_once else "looped", str(capture.resolve()))
        shown = self._arguments.subject
        portrait = self._home / "subject.png"
        save_png(portrait, demo_portrait("hopper" if shown == "impostor" else "astronaut"))
        if shown not in tuple(AttackSpecies):
            return CameraSettings("simulated", str(portrait))
        save_png(portrait.with_name(COMPANION), demo_portrait("hopper"))
        return CameraSettings("simulated", f"{shown}:{portrait}")

    def _document(self) -> Path:
        page = self._home / "document.png"
        if (given := self._arguments.document) is not None:
            save_png(page, load_photograph(given))  # what nobody can read is named here, before anything starts
            return page
        kind = self._arguments.document_kind
        save_png(page, render_specimen(kind, demo_data("astronaut", date.today()), demo_portrait("astronaut"), seed=7))
        return page

    # --- receiver ---

    def start_receiver(self) -> None:
        """Start the bank's end and wait until it listens."""
        command = [sys.executable, "-m", "kiosk", "receiver", "run", "--folder", str(self._receiver.folder)]
        command += ["--port", str(self._port), "--log", str(self._log)]
        with (self._out / "receiver.log").open("ab") as log:
            self._bank = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=end_with_parent
            )
        self._processes.append(self._bank)
        _wait_for_port(self._port, self._bank)

    def stop_receiver(self) -> None:
        """Kill the bank's end as a power cut would."""
        self._bank.kill()
        self._bank.wait()
        if self._bank in self._processes:
            self._processes.remove(self._bank)

    def restart_receiver(self) -> None:
        """Kill the bank's end and start it again."""
        self.stop_receiver()
        self.start_receiver()

    def received(self) -> list[dict[str, Any]]:
        """What the bank counted, in order."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text(encoding="utf-8").splitlines()]

    @property
    def _log(self) -> Path:
        return self._home / "received.jsonl"

    # --- kiosk ---

    def start_endless(self) -> "subprocess.Popen[bytes]":
        """Serve one simulated customer after the other until told to end; a desk that dies is started again."""
        return self._start(["--walk", str(self._write_plan()), "--visits", "0"], once=False)

    def start_drain(self) -> "subprocess.Popen[bytes]":
        """Serve nobody and end as soon as the outbox is empty."""
        return self._start(["--drain"], once=True)

    def _start(self, desk_arguments: list[str], *, once: bool) -> "subprocess.Popen[bytes]":
        logs = self._out.resolve() / "logs"
        words = ["--demo", *desk_arguments]
        kiosk = start_kiosk(self.kiosk_folder, words, passphrase=None, once=once, logs=logs, report=True)
        self._processes.append(kiosk)
        return kiosk

    def follow(
        self,
        say: Callable[[str], None],
        on_start: Callable[["subprocess.Popen[bytes]"], None] = lambda _: None,
    ) -> None:
        """Let one visit happen, and hear what desk reports of it."""
        desk_arguments = [] if self._arguments.no_pictures else ["--pictures", str(self._out.resolve())]
        if not self._arguments.by_hand:
            desk_arguments += ["--walk", str(self._write_plan()), "--visits", "1"]
        self._began = time.monotonic()
        kiosk = self._start(desk_arguments, once=True)
        on_start(kiosk)
        watchdog = threading.Timer(self._arguments.timeout, _end, (kiosk,))
        watchdog.daemon = True
        if not self._arguments.by_hand:
            watchdog.start()
        assert kiosk.stdout is not None
        for line in kiosk.stdout:
            self._hear(line, say)
        watchdog.cancel()
        self._exit_code = kiosk.wait()
        self._seconds = time.monotonic() - self._began

    def _write_plan(self) -> Path:
        plan = self._home / "walk.json"
        plan.write_text(json.dumps(self._walk_plan()), encoding="utf-8")
        return plan

    def _walk_plan(self) -> dict[str, Any]:
        arguments = self._arguments
        dishonest = self._subject in (Subject.IMPOSTOR, Subject.RECORDING, Subject.ATTACK)
        teller = "refuse" if dishonest and arguments.teller == "auto" else arguments.teller
        return {
            "language": arguments.language,
            "account_class": arguments.account_class,
            "customer": arguments.customer,
            "teller": teller,
            "teller_id": DEMO_TELLER.teller_id,
            "pin": DEMO_TELLER.pin,
        }

    def _hear(self, line: bytes, say: Callable[[str], None]) -> None:
        try:
            report = json.loads(line)
        except ValueError:
            return
        if "error" in report:
            raise SettingsError(report["error"])
        for name in ("welcome", "ready"):
            if name in report:
                self._started[f"{name}_s"] = time.monotonic() - self._began
        if "trouble" in report:
            self._done.setdefault("troubles", []).append(report["trouble"])
            say(report["trouble"])
        if "sequence" in report:
            self._done["committed"] = self._done.get("committed", 0) + 1
        self._done |= {name: value for name, value in report.items() if name != "phase"}
        if "phase" in report:
            self._done.setdefault("phases", []).append(report["phase"])
            say(report["phase"].replace("_", " "))

    def summary(self) -> dict[str, Any]:
        """What the visit came to; the keys are stable."""
        done = self._done
        referral = done.get("referral")
        outcome = Outcome(
            finished=bool(done.get("finished")),
            verdict={"yes": True, "no": False}.get(done.get("verdict", "")),
            referral=None if referral is None else ReferralReason(referral),
            committed=done.get("committed", 0),
            received=len(self.received()),
            suspicions=tuple(done.get("suspicions", ())),
        )
        otherwise = (*departures(self._subject, outcome), *self._what_broke())
        return {
            "ended_as_planned": not otherwise,
            "otherwise": list(otherwise),
            "verdict": done.get("verdict", "none"),
            "referred_because": referral,
            "suspicions": list(outcome.suspicions),
            "verdicts_committed": outcome.committed,
            "verdicts_received": outcome.received,
            "phases": done.get("phases", []),
            "troubles": done.get("troubles", []),
            "pictures": len(list(self._out.glob("[0-9][0-9]-*.png"))),
            "seconds": round(self._seconds, 1),
            "figures": self._started | done.get("figures", {}),
        }

    def _what_broke(self) -> list[str]:
        if self._exit_code == 0:
            return []
        return [f"the kiosk ended with exit code {self._exit_code}; its logs are in {self._out / 'logs'}"]


def _kiosk_command(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "kiosk", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SettingsError(done.stderr.strip().removeprefix("kiosk: ") or f"kiosk {words[0]} failed")


def _make_home() -> tuple[Path, IO[bytes]]:
    """Make a folder for this demo, held by a lock; one that nobody holds was left by a demo that was killed, and goes.

    Such a folder holds keys and pictures, if only of a demo.
    """
    for left in Path(tempfile.gettempdir()).glob(_HOMES + "*"):
        with contextlib.suppress(OSError), (left / _HOME_LOCK).open("rb") as held:
            if left.stat().st_uid == os.getuid():
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
    home = Path(tempfile.mkdtemp(prefix=_HOMES))
    lock = (home / _HOME_LOCK).open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return home, lock


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _RECEIVER_START_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SettingsError("The reference receiver did not start; see receiver.log in the --out folder.")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    _end(process)
    if process.stdout is not None:
        process.stdout.close()


__all__ = ["DEMO_TELLER", "DemoVisit"]
