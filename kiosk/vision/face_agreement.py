"""Was it one face all through the window? How far the frames compared agree with witnesses from all of it.

Decides nothing: what agreement is enough is `verification.decision`'s part. Keeps nothing.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kiosk.vision.face_sample import FaceSample, FaceWitness
from kiosk.vision.face_template import FaceTemplateExtractor


def lowest_agreement(
    extractor: FaceTemplateExtractor, samples: Sequence[FaceSample], witnesses: Sequence[FaceWitness]
) -> float:
    """Return the lowest cosine of any sample and any witness, −1…1; NaN where either is missing.

    Each sample on its own: the mean of two faces resembles both. And without the mirror images that templates are
    summed of: they would double the work and part faces no better.
    """
    if not samples or not witnesses:
        return math.nan
    compared = _unit(extractor.network_output([sample.crops[extractor.model_id] for sample in samples]))
    seen = _unit(np.stack([witness.features for witness in witnesses]))
    return float(np.min(compared @ seen.T))


def _unit(features: NDArray[np.float32]) -> NDArray[np.float64]:
    values = features.astype(np.float64)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12))
