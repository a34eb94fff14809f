"""Tries a presentation attack classifier before it is trusted: does it put known pictures in the right order?

A score in the right range proves nothing: one wired with its classes swapped, its colours in the wrong order or its
values divided gives such scores too. How good a classifier is, only an evaluation on many people says.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kiosk.admin.pad_specimen import KnownPresentation, known_presentations
from kiosk.errors import VisionError
from kiosk.vision.model_form import ClassifierForm, ColourOrder
from kiosk.vision.pad_classifier import PadNetwork

ORDER_MARGIN = 0.2
"""How far every person must score above every print and screen (`docs/thresholds.md`)."""
COLOUR_MARGIN = 0.01
"""How much better, in mean nats, the other order of colours may fit before the described one is doubted."""
_LEAST_PROBABILITY = 1e-6


class SeparationError(VisionError):
    """The classifier does not tell known people from known attacks, or tells them apart the wrong way round."""

    def __init__(self, model_id: str, detail: str) -> None:
        super().__init__(
            f"The classifier {model_id} is not installed: {detail}; check bona_fide_class, colours, layout, mean, "
            "scale and crop_scale in its description."
        )
        self.model_id = model_id


def demand_order(model_id: str, network: Path, form: ClassifierForm) -> None:
    """Raise `SeparationError` unless people score above the threshold, and well above every print and screen.

    Also `ClassifierUnusableError` for a file that is no such network.
    """
    presentations = known_presentations()
    scores = _scores(PadNetwork(network, model_id, form), presentations)
    bona_fide = [score for known, score in zip(presentations, scores, strict=True) if known.is_bona_fide]
    attacks = [score for known, score in zip(presentations, scores, strict=True) if not known.is_bona_fide]
    # Written so that a score that is no number fails.
    if not all(person - attack >= ORDER_MARGIN for person in bona_fide for attack in attacks):
        raise SeparationError(model_id, "it does not score two known people above their prints and screens")
    if not (min(bona_fide) >= form.threshold and all(score < form.threshold for score in attacks)):
        raise SeparationError(model_id, "its threshold does not lie between two known people and their prints")
    swapped = _scores(PadNetwork(network, model_id, _other_colours(form)), presentations)
    if _likelihood(swapped, presentations) - _likelihood(scores, presentations) > COLOUR_MARGIN:
        raise SeparationError(model_id, "it knows people better when red and blue change places")


def _scores(network: PadNetwork, presentations: Sequence[KnownPresentation]) -> list[float]:
    return [network.probability(known.pixels, known.landmarks) for known in presentations]


def _likelihood(scores: Sequence[float], presentations: Sequence[KnownPresentation]) -> float:
    """Mean logarithm of what the network gives to the truth."""
    truths = [s if known.is_bona_fide else 1 - s for s, known in zip(scores, presentations, strict=True)]
    return math.fsum(math.log(max(truth, _LEAST_PROBABILITY)) for truth in truths) / len(truths)


def _other_colours(form: ClassifierForm) -> ClassifierForm:
    other = ColourOrder.BGR if form.picture.colours is ColourOrder.RGB else ColourOrder.RGB
    mean = form.picture.mean[::-1]
    return msgspec.structs.replace(form, picture=msgspec.structs.replace(form.picture, colours=other, mean=mean))
