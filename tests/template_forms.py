"""Forms of template models for tests."""

from kiosk.vision.model_form import ColourOrder, FaceLandmark, PictureForm, PixelLayout, TemplateForm
from kiosk.vision.models import load_manifest

BASELINE_FORM = load_manifest().template_model.template
assert BASELINE_FORM is not None

FIVE_POINTS = {
    FaceLandmark.RIGHT_EYE_CENTRE: (0.32, 0.46),
    FaceLandmark.LEFT_EYE_CENTRE: (0.68, 0.46),
    FaceLandmark.NOSE_TIP: (0.5, 0.64),
    FaceLandmark.RIGHT_MOUTH_CORNER: (0.35, 0.82),
    FaceLandmark.LEFT_MOUTH_CORNER: (0.65, 0.82),
}
SMALL_FORM = TemplateForm(PictureForm(32, ColourOrder.BGR, PixelLayout.NCHW), FIVE_POINTS, dimensions=48)

BASELINE_TABLE = """
[models.template]
dimensions = 128
mirror_sum = true
picture = { crop_px = 150, colours = "rgb", layout = "nhwc" }
alignment = { right_eye_outer = [0.25, 0.3], left_eye_outer = [0.75, 0.3], nose_base = [0.5, 0.6] }
"""
