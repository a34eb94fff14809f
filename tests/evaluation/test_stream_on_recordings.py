"""Real webcams, as far as short runs of consecutive frames show them: grain in each, and no frame twice."""

from pathlib import Path

import numpy as np
import pytest

from kiosk.verification.stream import NO_GRAIN
from kiosk.vision.photograph import load_photograph
from kiosk.vision.stream_measurement import StreamMeter

pytestmark = pytest.mark.shared


def test_every_real_run_has_grain_and_repeats_no_frame(shared_data: Path) -> None:
    runs = sorted((shared_data / "pad" / "nuaa" / "bona_fide").iterdir())
    assert runs
    for run in runs:
        meter = StreamMeter()
        told = [meter.measure(load_photograph(picture)) for picture in sorted(run.glob("*.jpg"))]
        samples = [sample for sample in told if sample is not None]
        assert len({sample.digest for sample in samples}) == len(samples) == len(told) - 1
        assert 20 * NO_GRAIN < float(np.median([sample.noise for sample in samples])) < 3, run.name
