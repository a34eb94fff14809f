"""A small acceptance test of one camera: a teller shows it themselves, a print, a phone and a tablet. Keeps no picture.

Judged by the code of `kiosk evaluate pad`, and, as there is a camera here, by the stream layer too. No challenge is
shown, so gestures and light say nothing: in the kiosk they come on top.
"""

import contextlib
import textwrap
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import assert_never

from hardware.camera import Frame, HardwareError
from kiosk.admin.evaluate_rates import percent
from kiosk.admin.evaluate_recordings import (
    Judged,
    Recording,
    installed_classifier,
    judge_frames,
    recorded_layers,
    recordings_in,
)
from kiosk.admin.silence import silent_libraries
from kiosk.errors import SettingsError, VisionError
from kiosk.settings import CameraSettings
from kiosk.verification.layers import LayerVerdict
from kiosk.verification.stream import StreamCheck


class Presentation(StrEnum):
    """What is held before the camera."""

    LIVING = "living"
    PRINT = "print"
    PHONE = "phone"
    TABLET = "tablet"

    @property
    def is_attack(self) -> bool:
        return self is not Presentation.LIVING


Source = Callable[[Presentation, int], Generator[Frame, None, None]]
"""Frames of the n-th presentation of a kind, from 0; raises a `CameraError` or a `KioskError`."""


class NothingTriedError(VisionError):
    """Nothing was presented, so there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One presentation and what came of it."""

    presentation: Presentation
    judged: Judged


class AcceptanceTest:
    """Ask, look, judge; then a table and a sentence."""

    def __init__(
        self,
        source: Source,
        each: int,
        seconds: float,
        models_dir: Path | None,
        ask: Callable[[str], str] | None = None,
    ) -> None:
        self._source, self._each, self._seconds, self._ask = source, each, seconds, ask or input
        self._classifier = installed_classifier(models_dir)
        self._tried: list[Tried] = []

    def walk_through(self) -> None:
        """Present everything; raise `SettingsError` where nobody answers any more."""
        print(f"{self._each} presentations each of: yourself, a print, a phone, a tablet. Enter begins, s skips.")
        for presentation in Presentation:
            print(textwrap.fill(instruction(presentation), 100))
            for number in range(self._each):
                if self._is_skipped(f"  {presentation} {number + 1} of {self._each} - ready? "):
                    continue
                judged = self._look(presentation, number)
                self._tried.append(Tried(presentation, judged))
                print(f"    {outcome(judged)}")
        if not any(tried.judged.is_response for tried in self._tried):
            raise NothingTriedError("In none of the presentations a face was found; see that the camera shows one.")

    def table(self) -> Iterator[str]:
        """Lines of figures, one for each kind."""
        yield ""
        heads = ("shown", "looked at", "no face", "failed", "taken for an attack", "all layers passed")
        yield "{:<10}{:>10}{:>9}{:>8}{:>21}{:>19}".format(*heads)
        for presentation in Presentation:
            ones = [tried.judged for tried in self._tried if tried.presentation is presentation]
            seen = [judged for judged in ones if judged.is_response]
            called, passed = sum(one.is_called_attack for one in seen), sum(one.has_passed_all for one in seen)
            broken = sum(bool(one.unreadable) for one in ones)
            yield (
                f"{presentation:<10}{len(ones):>10}{len(ones) - len(seen) - broken:>9}{broken:>8}"
                f"{f'{called} of {len(seen)}':>21}{f'{passed} of {len(seen)}':>19}"
            )
        yield ""
        for layer, words in self._layers():
            yield f"  {layer}: {words}"

    def verdict(self) -> str:
        """What follows, in one sentence, and what does not."""
        living, attacks = len(self._seen(attack=False)), len(self._seen(attack=True))
        return self._problem() or (
            f"In order as far as so few can show: 0 of {attacks} attacks unnoticed (below {_bound(attacks)}), 0 of"
            f" {living} living presentations taken for an attack (below {_bound(living)})."
        )

    @property
    def is_in_order(self) -> bool:
        return self._problem() is None

    def _problem(self) -> str | None:
        living, attacks = self._seen(attack=False), self._seen(attack=True)
        unnoticed = Counter(tried.presentation for tried in attacks if not tried.judged.is_called_attack)
        if unnoticed:
            which = ", ".join(f"{kind} {count}" for kind, count in unnoticed.items())
            return f"NOT in order: {sum(unnoticed.values())} of {len(attacks)} attacks were not noticed ({which})."
        if refused := sum(tried.judged.is_called_attack for tried in living):
            return f"NOT in order: {refused} of {len(living)} living presentations were taken for an attack."
        if silent := sum(tried.judged.is_unmeasured for tried in living):
            return f"NOT complete: {silent} of {len(living)} living presentations let no layer measure; turn further."
        seen = {tried.presentation for tried in (*living, *attacks)}
        if missing := [kind for kind in Presentation if kind not in seen]:
            return f"NOT complete: no face was seen of {', '.join(missing)}; show these too."
        return None

    def _seen(self, *, attack: bool) -> list[Tried]:
        return [t for t in self._tried if t.presentation.is_attack is attack and t.judged.is_response]

    def _is_skipped(self, question: str) -> bool:
        try:
            return self._ask(question).strip().lower().startswith("s")
        except EOFError:
            print()  # the question stands on this line
            raise SettingsError("The test was not walked through to its end; nothing was kept.") from None

    def _look(self, presentation: Presentation, number: int) -> Judged:
        from kiosk.vision.face_landmarker import FaceLandmarker
        from kiosk.vision.frame_measurement import FrameMeasurer

        shown = Recording(
            Path(presentation), f"{presentation} {number + 1}", presentation if presentation.is_attack else ""
        )
        try:
            # A camera is opened anew each time.
            with silent_libraries(), contextlib.closing(self._source(presentation, number)) as stream:
                measurer = FrameMeasurer(FaceLandmarker(), self._classifier)
                layers = (*recorded_layers(self._classifier), StreamCheck())
                count, faces, evidence = judge_frames(_first(stream, self._seconds), measurer, layers)
        except HardwareError as error:
            return Judged(shown, 0, 0, (), unreadable=str(error))
        return Judged(shown, count, faces, evidence)

    def _layers(self) -> Iterator[tuple[str, str]]:
        for kind in Presentation:
            said = Counter(
                f"{evidence.layer} {evidence.finding}"
                for tried in self._tried
                if tried.presentation is kind
                for evidence in tried.judged.evidence
                if evidence.verdict is not LayerVerdict.PASSED
            )
            if said:
                yield str(kind), ", ".join(f"{words} {count}" for words, count in said.most_common())


def instruction(presentation: Presentation) -> str:
    """What the teller does, in words."""
    match presentation:
        case Presentation.LIVING:
            return "YOURSELF: stand as a customer does and turn your head slowly to the left and to the right."
        case Presentation.PRINT:
            return (
                "A PRINT: a colour print of a face, as large as a face. Hold it before the camera, turn it and bend it."
            )
        case Presentation.PHONE:
            return (
                "A PHONE: a film of a face that turns, full screen, bright. Hold it as near as a face fills the frame."
            )
        case Presentation.TABLET:
            return "A TABLET: the same film on a tablet or a laptop's screen."
        case _:
            assert_never(presentation)


def outcome(judged: Judged) -> str:
    """One presentation in a few words; no score."""
    if judged.unreadable:
        return judged.unreadable
    if not judged.faces:
        return f"no face in {judged.frames} frames"
    said = ", ".join(f"{evidence.layer} {evidence.verdict} ({evidence.finding})" for evidence in judged.evidence)
    return f"{'taken for an attack' if judged.is_called_attack else 'not taken for an attack'}: {said}"


def configured_source(camera: CameraSettings) -> Source:
    """The terminal's face camera, opened for each presentation and closed after it."""

    def look(_presentation: Presentation, _number: int) -> Generator[Frame, None, None]:
        from kiosk.runtime.camera_choice import open_camera
        from kiosk.runtime.messages import CameraChoice

        chosen = {name: getattr(camera, name) for name in CameraChoice.__struct_fields__ if hasattr(camera, name)}
        opened = open_camera(CameraChoice(**chosen), None)
        try:
            yield from opened.frames()
        finally:
            opened.close()

    return look


def recorded_source(path: Path) -> Source:
    """A recording for every presentation, or one of the recordings below a folder of the kind's name."""
    from hardware.recorded_camera import recorded_frames

    kinds = {kind: recordings_in(path / kind) for kind in Presentation}
    if not any(kinds.values()) and not path.exists():
        raise SettingsError(f"There is no {path}; name a clip, a folder of pictures, or leave --camera out.")

    def look(presentation: Presentation, number: int) -> Generator[Frame, None, None]:
        found = kinds[presentation] if any(kinds.values()) else [path]
        if not found:
            raise SettingsError(f"{path} holds no folder {presentation} with recordings; skip that one, or add it.")
        return recorded_frames(found[number % len(found)])

    return look


def _first(frames: Iterator[Frame], seconds: float) -> Iterator[Frame]:
    """So much of a stream, counted by its own time."""
    began_s: list[float] = []

    def is_within(frame: Frame) -> bool:
        began_s[:] = began_s or [frame.captured_at_s]
        return frame.captured_at_s - began_s[0] <= seconds

    return takewhile(is_within, frames)


def _bound(trials: int) -> str:
    return percent(min(1.0, 3 / max(trials, 1)))
