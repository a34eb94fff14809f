"""Recorded presentations, and what the layers that a recording can show have to say of each. Writes nothing.

A recording answers no challenge, so gestures and light cannot be judged, and its frames come from a file and not from a
camera, so neither can the stream.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import msgspec

from hardware.camera import Frame, HardwareError
from hardware.picture_file import PICTURE_ENDINGS
from hardware.recorded_camera import recorded_frames
from kiosk.admin.evaluate_progress import counted, in_processes, shown_progress
from kiosk.admin.evaluate_work import WorkFile, take_up, work_key
from kiosk.errors import KioskError, VisionError
from kiosk.verification.classifier import ClassifierCheck
from kiosk.verification.depth import DepthCheck
from kiosk.verification.layers import LayerEvidence, LayerVerdict, PadLayer, PadLayerCheck
from kiosk.verification.texture import TextureCheck
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.frame_measurement import FrameMeasurer
from kiosk.vision.installed_models import load_models
from kiosk.vision.models import MODELS_DIR, ModelRole, check_models
from kiosk.vision.pad_classifier import PadClassifier, load_pad_classifier
from kiosk.vision.photograph import printable

WORK_FILE = "judged.partial"
BONA_FIDE, ATTACK = "bona_fide", "attack"
CLIP_ENDINGS = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm")


class RecordingsError(VisionError):
    """What was given to evaluate holds no recorded presentations."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One presentation."""

    path: Path
    name: str
    """Below ROOT, safe to print."""
    species: str
    """Empty for a bona fide presentation."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How recordings are played."""

    frames_per_s: float
    """Of picture folders; a clip keeps its own."""
    seconds: float
    """Judged of each."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one recording."""

    recording: Recording
    frames: int
    faces: int
    """Frames in which a face was found."""
    evidence: tuple[LayerEvidence, ...]
    unreadable: str = ""
    """Why it could not be judged at all."""

    @property
    def is_response(self) -> bool:
        return self.faces > 0 and not self.unreadable

    @property
    def is_called_attack(self) -> bool:
        """At least one judged layer speaks against a living face."""
        return any(said.verdict is LayerVerdict.FAILED for said in self.evidence)

    @property
    def has_passed_all(self) -> bool:
        return bool(self.evidence) and all(said.verdict is LayerVerdict.PASSED for said in self.evidence)

    @property
    def is_unmeasured(self) -> bool:
        return all(said.verdict is LayerVerdict.NOT_MEASURED for said in self.evidence)


def find_recordings(root: Path) -> list[Recording]:
    """List every presentation below ROOT; raise `RecordingsError`."""
    if not root.is_dir():
        raise RecordingsError(
            f"There is no folder {printable(root)}; name one that holds bona_fide/ and attack/SPECIES/."
        )
    found = [Recording(path, _name(path, root), "") for path in recordings_in(root / BONA_FIDE)]
    for folder in _subfolders(root / ATTACK):
        # A species without recordings is named as unreadable, not left out: nobody should think that it was tried.
        paths = recordings_in(folder) or [folder]
        found += [Recording(path, _name(path, root), printable(Path(folder.name))) for path in paths]
    if not found:
        raise RecordingsError(
            f"{printable(root)} holds no recording; put clips or picture folders into bona_fide/ and attack/SPECIES/."
        )
    return found


def evaluate_recordings(
    recordings: Sequence[Recording], pace: Pace, models_dir: Path | None, jobs: int, held: WorkFile | None = None
) -> list[Judged]:
    """Judge them all, in order; what the work file holds is not judged again."""

    def make(missing: list[int]) -> Iterator[Judged]:
        works = [(recordings[index], pace) for index in missing]
        with shown_progress("recordings", len(works)) as advance:
            yield from counted(in_processes(_judge, works, jobs, _prepare, (models_dir,)), advance)

    classifier = _classifier_hashes()
    keys = [work_key(recording.path, recording.species, str(pace), classifier) for recording in recordings]
    encode = msgspec.msgpack.Encoder(enc_hook=str).encode
    return take_up(keys, held, make, encode, _decoded)


def _decoded(kept: bytes) -> Judged:
    return msgspec.msgpack.decode(kept, type=Judged, dec_hook=lambda kind, text: kind(text))


def judge_frames(
    frames: Iterable[Frame], measurer: FrameMeasurer, layers: Sequence[PadLayerCheck]
) -> tuple[int, int, tuple[LayerEvidence, ...]]:
    """Let the layers see every frame; return how many frames there were, how many with a face, and what they say."""
    count = faces = 0
    for frame in frames:
        observation = measurer.measure(frame)
        count += 1
        faces += observation.face is not None
        for layer in layers:
            layer.observe(observation)
    return count, faces, tuple(layer.evidence() for layer in layers)


def recorded_layers(classifier: PadClassifier | None) -> tuple[PadLayerCheck, ...]:
    """Fresh checks of the layers that a recording can show."""
    checks: tuple[PadLayerCheck, ...] = (DepthCheck(), TextureCheck())
    return checks if classifier is None else (*checks, ClassifierCheck(classifier.threshold))


def layers_judged(judged: Iterable[Judged]) -> list[PadLayer]:
    """In the order of the layers."""
    seen = {said.layer for one in judged for said in one.evidence}
    return [layer for layer in PadLayer if layer in seen]


def installed_classifier(models_dir: Path | None) -> PadClassifier | None:
    """The learned classifiers of this installation as one, hashes checked; None where there is none."""
    manifest = load_models()
    check_models(manifest, models_dir or MODELS_DIR, [ModelRole.PAD_CLASSIFIER])
    return load_pad_classifier(manifest, models_dir or MODELS_DIR)


def _classifier_hashes() -> str:
    """Which classifiers are installed, empty where none is."""
    return " ".join(model.sha256 for model in load_models().installed if model.role is ModelRole.PAD_CLASSIFIER)


_classifier: PadClassifier | None = None


def _prepare(models_dir: Path | None) -> None:
    global _classifier
    _classifier = installed_classifier(models_dir)


def _judge(work: tuple[Recording, Pace]) -> Judged:
    """One recording by itself, with a face mesh of its own: nothing carries over from the one before."""
    recording, pace = work
    try:
        played = recorded_frames(recording.path, pace.frames_per_s)
        frames = takewhile(lambda frame: frame.captured_at_s <= pace.seconds, played)
        measurer = FrameMeasurer(FaceLandmarker(), _classifier)
        count, faces, evidence = judge_frames(frames, measurer, recorded_layers(_classifier))
    except (HardwareError, KioskError, OSError) as error:
        return Judged(recording, 0, 0, (), unreadable=_one_line(error))
    return Judged(recording, count, faces, evidence)


def recordings_in(folder: Path) -> list[Path]:
    """Clips, and folders that hold pictures or nothing; pictures that lie in the top folder are one each."""
    return list(_presentations(folder)) if folder.is_dir() else []


def _presentations(folder: Path) -> Iterator[Path]:
    for path in _visible(folder):
        if path.suffix.lower() in (*CLIP_ENDINGS, *PICTURE_ENDINGS) and path.is_file():
            yield path
        elif path.is_dir():
            yield from _in_folder(path)


def _in_folder(folder: Path) -> Iterator[Path]:
    inside = _visible(folder)
    clips = [path for path in inside if path.suffix.lower() in CLIP_ENDINGS and path.is_file()]
    folders = [path for path in inside if path.is_dir() and not path.is_symlink()]
    pictures = any(path.suffix.lower() in PICTURE_ENDINGS for path in inside)
    if pictures or not (clips or folders):
        yield folder
    yield from clips
    for path in folders:
        yield from _in_folder(path)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir()] if folder.is_dir() else []


def _name(path: Path, root: Path) -> str:
    return printable(path.relative_to(root))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
