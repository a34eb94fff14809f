"""Which template model a kiosk compares faces with, and at which threshold.

Outside the demo an installed model counts only with the bank's signature over its description; without one the model
that comes with the program compares, and the start says so.
"""

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.admin.model_signature import ModelSignatureError, is_signed, read_signing_key
from kiosk.admin.site_threshold import tightened
from kiosk.settings import Settings
from kiosk.verification.comparison import ComparisonThreshold, ModelsInForce, TemplateModel
from kiosk.vision.installed_models import load_models, using
from kiosk.vision.models import Model, ModelManifest, ModelRole, NoThresholdError, check_models

NO_THRESHOLD = ComparisonThreshold(1.0, 1e-6, "nothing", validated=False)
"""For a model that has none for the policy: not validated, so that the teller decides every comparison."""


def model_in_force(folder: Path, settings: Settings) -> Model:
    """Return the template model that this kiosk uses; raise a `KioskError`."""
    return _manifest_in_force(folder, settings).template_model_in_use


def models_in_force(folder: Path, settings: Settings) -> ModelsInForce:
    """Return what desk judges by: the template model with its threshold, and the classifiers'; raise a `KioskError`."""
    model = model_in_force(folder, settings)
    template = TemplateModel(model.id, threshold_in_force(model, settings), model.refuse_below)
    return ModelsInForce(template, load_models().classifier_threshold)


def threshold_in_force(model: Model, settings: Settings) -> ComparisonThreshold:
    """Return the model's threshold for the bank's policy, tightened where the site did so."""
    try:
        threshold = model.threshold(settings.policy.false_match_rate)
    except NoThresholdError:
        return NO_THRESHOLD
    return tightened(threshold, model.id, settings.site_threshold)


def check_model_in_force(folder: Path, settings: Settings) -> Iterator[str]:
    """Hash every model that will be loaded; yield what IT should know; raise a `KioskError`."""
    from kiosk.vision.models import MODELS_DIR

    _demand_signed_classifiers(folder, settings)
    chosen, in_force = load_models(), _manifest_in_force(folder, settings)
    check_models(in_force, MODELS_DIR)
    model = in_force.template_model_in_use
    if chosen.template_model_in_use.id != model.id:
        yield (
            f"The template model {chosen.template_model_in_use.id} is not signed by the bank and serves the demo and"
            f" `kiosk verify` only; {model.id} compares here (docs/models.md)."
        )
    site = settings.site_threshold
    if site.model and site.model != model.id:
        yield f"The site's threshold was set for {site.model} and counts for nothing now; calibrate again."
    elif site.model:
        yield f"The site's threshold {site.score:g} is in force, set by {site.by} on {site.made_on}."
    if not threshold_in_force(model, settings).validated:
        rate = f"{settings.policy.false_match_rate:.6f}".rstrip("0")
        yield (
            f"The template model {model.id} has no threshold validated at false match rate {rate}: every comparison"
            " is referred to the teller."
        )


def _demand_signed_classifiers(folder: Path, settings: Settings) -> None:
    """An installed classifier is loaded wherever it is, so that an unsigned one may not be there at all."""
    if settings.kiosk.demo:
        return
    key = _key(folder, settings)
    for model in load_models().installed:
        if model.role is ModelRole.PAD_CLASSIFIER and not is_signed(model, key):
            raise ModelSignatureError(
                f"The classifier {model.id} is not signed by the bank; install it with its signature, or remove it"
                f" (`kiosk models remove {model.id}`)."
            )


def _key(folder: Path, settings: Settings) -> Ed25519PublicKey | None:
    return read_signing_key(folder, settings) if settings.models.signing_key else None


def _manifest_in_force(folder: Path, settings: Settings) -> ModelManifest:
    manifest = load_models()
    if settings.kiosk.demo or not manifest.template_model_in_use.folder:
        return manifest
    if is_signed(manifest.template_model_in_use, _key(folder, settings)):
        return manifest
    return using(manifest, manifest.template_model.id)
