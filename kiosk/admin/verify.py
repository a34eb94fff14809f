"""`kiosk verify PROBE REFERENCE`: is it the same person in two photographs? Keeps and sends nothing."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.verification.comparison import ComparisonDecision, ComparisonScore, ComparisonThreshold, TemplateRole
    from kiosk.vision.face_template import FaceTemplateExtractor, PhotographTemplate
    from kiosk.vision.models import Model

DEFAULT_FALSE_MATCH_RATE = 1e-4

_EPILOG = """examples:
  kiosk verify selfie.jpg id-photo.png
  kiosk verify selfie.jpg id-photo.png --json
  kiosk verify selfie.jpg id-photo.png --fmr 1e-3     a laxer threshold
  kiosk verify selfie.jpg id-photo.png --model ID     another template model than the one in use (kiosk models list)

exit code: 0 match, 1 non-match, 2 anything else, with one sentence that says what to do about it
(with --json as {"error": …} on standard output too).

Thresholds were measured on a few public sets of photographs and do not travel well to other people and cameras: the
kiosk itself lets none decide that is not validated."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `kiosk verify`."""
    parser = commands.add_parser(
        "verify",
        help="compare two photographs",
        description="Compares the one face in a photograph (the probe) with the one in another (the reference).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "probe", type=_picture_file, metavar="PROBE", help="picture file of the person who claims to be somebody"
    )
    parser.add_argument(
        "reference", type=_picture_file, metavar="REFERENCE", help="picture file of who they claim to be"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    parser.add_argument(
        "--fmr",
        type=float,
        default=DEFAULT_FALSE_MATCH_RATE,
        metavar="RATE",
        help="target false match rate of the threshold: 1e-3, 1e-4 (default) or 1e-5",
    )
    parser.add_argument("--model", metavar="ID", help="template model that compares (default: the one in use)")
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of the built models")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the outcome; 0 match, 1 non-match; every other end is an error."""
    from kiosk.admin.silence import silent_libraries

    with silent_libraries():
        verification = _Verification(arguments)
    print(verification.as_json() if arguments.json else verification.as_text())
    return 0 if verification.is_match else 1


def _picture_file(name: str) -> Path:
    if not name:
        raise argparse.ArgumentTypeError("an empty name; name a picture file")
    return Path(name)


class _Verification:
    """One comparison of two files, made on construction; raises a `KioskError` that says what stood in the way."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        from kiosk.verification.comparison import TemplateRole, compare, decide_match
        from kiosk.vision.face_template import open_template_model
        from kiosk.vision.installed_models import load_models, using
        from kiosk.vision.models import MODELS_DIR, ModelRole, check_models

        manifest, models_dir = load_models(), arguments.models or MODELS_DIR
        if arguments.model is not None:
            manifest = using(manifest, arguments.model)
        model = manifest.template_model_in_use
        self.threshold: ComparisonThreshold = _threshold(model, arguments.fmr)
        check_models(manifest, models_dir, [role for role in ModelRole if role.is_for_faces])
        extractor = open_template_model(model, models_dir)
        self.probe = _extract(extractor, arguments.probe, TemplateRole.PROBE)
        self.reference = _extract(extractor, arguments.reference, TemplateRole.REFERENCE)
        self.score: ComparisonScore = compare(self.probe.template, self.reference.template)
        self.decision: ComparisonDecision = decide_match(self.score, self.threshold)

    @property
    def is_match(self) -> bool:
        return self.decision == "match"

    def as_json(self) -> str:
        record = {
            "decision": str(self.decision),
            "score": round(self.score.value, 6),
            "threshold": self.threshold.score,
            "fmr": self.threshold.false_match_rate,
            "threshold_validated": self.threshold.validated,
            "threshold_measured_on": self.threshold.measured_on,
            "model": self.score.model_id,
            "probe": _side(self.probe),
            "reference": _side(self.reference),
        }
        return json.dumps(record, indent=2)

    def as_text(self) -> str:
        threshold = self.threshold
        lines = [
            str(self.decision),
            f"  score      {self.score.value:.4f}",
            f"  threshold  {threshold.score:.4f} for a false match rate of {threshold.false_match_rate:g}"
            f" ({'validated' if threshold.validated else 'not validated'}: {threshold.measured_on})",
            f"  model      {self.score.model_id}",
            f"  probe      {_words(self.probe)}",
            f"  reference  {_words(self.reference)}",
        ]
        return "\n".join(lines)


def _threshold(model: "Model", false_match_rate: float) -> "ComparisonThreshold":
    """The row for this rate; one at which anybody matches is no rate to ask for."""
    from kiosk.vision.models import NoThresholdError

    if false_match_rate < 1:
        return model.threshold(false_match_rate)
    raise NoThresholdError(model.id, false_match_rate, [row.false_match_rate for row in model.thresholds])


def _extract(extractor: "FaceTemplateExtractor", path: Path, role: "TemplateRole") -> "PhotographTemplate":
    from kiosk.vision.photograph import read_photograph

    photograph = read_photograph(path, str(role))
    return extractor.extract_photograph(photograph.pixels, role, photograph.reduction)


def _side(side: "PhotographTemplate") -> dict[str, object]:
    return {"inter_eye_px": round(side.inter_eye_px, 1), "remarks": [str(remark) for remark in side.remarks]}


def _words(side: "PhotographTemplate") -> str:
    from kiosk.verification.quality import REMARK_WORDS

    remarks = "; ".join(REMARK_WORDS[remark] for remark in side.remarks)
    return f"{side.inter_eye_px:.0f} px between the eyes; {remarks or 'no remarks'}"
