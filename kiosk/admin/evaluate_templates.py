"""Pictures to templates for an evaluation, in several processes; kept on disk only where the caller names a folder.

Templates are personal data. In memory they are gone with the command. In a work folder they outlive a crash, which is
what the folder is for: an evaluation that was broken off goes on where it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from kiosk.admin.evaluate_degrade import Degradation, degraded
from kiosk.admin.evaluate_progress import counted, in_processes, shown_progress
from kiosk.admin.evaluate_work import WorkFile, take_up, work_key
from kiosk.errors import KioskError
from kiosk.verification.comparison import TemplateRole
from kiosk.vision.face_template import FaceTemplateExtractor
from kiosk.vision.models import Model
from kiosk.vision.photograph import read_photograph

WORK_FILE = "templates.partial"


@dataclass(frozen=True, slots=True)
class TemplateWork:
    """One picture in one role."""

    picture: Path
    role: TemplateRole
    degradation: Degradation


class TemplateResult(msgspec.Struct, frozen=True, array_like=True):
    """A template, or why there is none."""

    values: bytes = b""
    """float32, unit length."""
    not_acquired: str = ""
    """The kind of error, for example `NoFaceError`."""

    @property
    def template(self) -> NDArray[np.float64] | None:
        return None if self.not_acquired else np.frombuffer(self.values, np.float32).astype(np.float64)


def make_templates(
    works: Sequence[TemplateWork], model: Model, models_dir: Path, jobs: int, held: WorkFile | None
) -> list[TemplateResult]:
    """Make them all, in order; what the work file holds is not made again."""

    def make(missing: list[int]) -> Iterator[TemplateResult]:
        with shown_progress("templates", len(missing)) as advance:
            made = in_processes(_make, [works[index] for index in missing], jobs, _prepare, (model, models_dir))
            yield from counted(made, advance)

    keys = [work_key(work.picture, model.sha256, work.role, work.degradation) for work in works]
    decode = msgspec.msgpack.Decoder(TemplateResult).decode
    return take_up(keys, held, make, msgspec.msgpack.encode, decode)


_extractor: FaceTemplateExtractor | None = None


def _prepare(model: Model, models_dir: Path) -> None:
    global _extractor
    assert model.template is not None  # the command has seen to it
    _extractor = FaceTemplateExtractor(model.path(models_dir), model.id, model.template, threads=1)


def _make(work: TemplateWork) -> TemplateResult:
    """As `kiosk verify` would; whatever is wrong with one picture is its own affair."""
    assert _extractor is not None
    try:
        photograph = read_photograph(work.picture, str(work.role))
        pixels = degraded(photograph.pixels, work.degradation)
        reduction = photograph.reduction if work.degradation is Degradation.NONE else 1.0
        template = _extractor.extract_photograph(pixels, work.role, reduction).template
    except KioskError as error:
        return TemplateResult(not_acquired=type(error).__name__)
    if not np.isfinite(template.values).all():  # one such picture would spoil every rate
        return TemplateResult(not_acquired="NoNumbersError")
    return TemplateResult(template.values.astype("<f4").tobytes())
