"""How a network wants its pictures and what it answers: the part of a model's description that programs act upon.

Says nothing of where files come from; loads nothing.
"""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

_LARGEST_SIDE_PX = 1024
_MOST_DIMENSIONS = 8192


class ColourOrder(StrEnum):
    """Of a pixel's three numbers."""

    RGB = "rgb"
    BGR = "bgr"


class PixelLayout(StrEnum):
    """Order of the axes: pictures, channels, height, width."""

    NCHW = "nchw"
    NHWC = "nhwc"


class ScoreKind(StrEnum):
    """How two templates are compared."""

    COSINE = "cosine"


class FaceLandmark(StrEnum):
    """What a face is aligned on; right and left are the person's own."""

    RIGHT_EYE_CENTRE = "right_eye_centre"
    """The middle between its corners, like `LEFT_EYE_CENTRE`."""
    LEFT_EYE_CENTRE = "left_eye_centre"
    RIGHT_EYE_OUTER = "right_eye_outer"
    RIGHT_EYE_INNER = "right_eye_inner"
    LEFT_EYE_INNER = "left_eye_inner"
    LEFT_EYE_OUTER = "left_eye_outer"
    NOSE_TIP = "nose_tip"
    NOSE_BASE = "nose_base"
    RIGHT_MOUTH_CORNER = "right_mouth_corner"
    LEFT_MOUTH_CORNER = "left_mouth_corner"


class PictureForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes in: crops of this size, each number `(value - mean) * scale` where the network takes fractions."""

    crop_px: int
    """Side of the square crop."""
    colours: ColourOrder
    layout: PixelLayout
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of each channel, 0…255, in the network's own order of colours."""
    scale: float = 1.0

    @property
    def takes_pixels_as_they_are(self) -> bool:
        return self.mean == (0.0, 0.0, 0.0) and self.scale == 1.0


class TemplateForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A face template network: how faces are aligned for it, and what its output is."""

    picture: PictureForm
    alignment: Mapping[FaceLandmark, tuple[float, float]]
    """Places in fractions of the crop's side, from its left and upper edge; a similarity transform fits them best."""
    dimensions: int
    """Numbers in a template."""
    score: ScoreKind = ScoreKind.COSINE
    mirror_sum: bool = False
    """The template is the sum of the crop's and its mirror image's features."""

    def problem(self) -> str | None:
        """Say what cannot be meant, or None."""
        if (problem := picture_problem(self.picture)) is not None:
            return problem
        if len(self.alignment) < 3:
            return "alignment names fewer than three landmarks"
        places = [number for place in self.alignment.values() for number in place]
        if not all(math.isfinite(number) and 0 <= number <= 1 for number in places):
            return "alignment has a place outside the crop"
        if len(set(self.alignment.values())) < len(self.alignment):
            return "alignment has two landmarks at one place"
        if not 8 <= self.dimensions <= _MOST_DIMENSIONS:
            return f"dimensions must lie between 8 and {_MOST_DIMENSIONS}"
        return None


class ClassifierForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A presentation attack classifier: how far around the face it looks, and which output speaks for a living one."""

    picture: PictureForm
    crop_scale: float
    """Side of what is cut out, in sides of the face's box."""
    classes: int
    bona_fide_class: int
    """Which of the classes, from 0."""
    threshold: float
    """Probability of a bona fide presentation, 0…1, below which it speaks of an attack."""
    outputs_are_logits: bool = True

    def problem(self) -> str | None:
        """Say what cannot be meant, or None."""
        if (problem := picture_problem(self.picture)) is not None:
            return problem
        if not 0.5 <= self.crop_scale <= 8:
            return "crop_scale must lie between 0.5 and 8"
        if not (2 <= self.classes <= 100 and 0 <= self.bona_fide_class < self.classes):
            return "bona_fide_class is none of the classes"
        if not 0 < self.threshold < 1:
            return "the threshold must lie between 0 and 1"
        return None


def mean_threshold(forms: Sequence[ClassifierForm]) -> float:
    """Of classifiers that are one voice: their scores are averaged, and so are their thresholds."""
    return math.fsum(form.threshold for form in forms) / len(forms)


def picture_problem(form: PictureForm) -> str | None:
    """Say what cannot be meant, or None."""
    if not 16 <= form.crop_px <= _LARGEST_SIDE_PX:
        return f"crop_px must lie between 16 and {_LARGEST_SIDE_PX}"
    if not all(math.isfinite(mean) and abs(mean) <= 255 for mean in form.mean):
        return "mean must be three numbers from 0 to 255"
    if not (math.isfinite(form.scale) and 0 < form.scale <= 1000):
        return "scale must be a number above 0"
    return None
