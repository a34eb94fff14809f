"""A site's own comparison threshold: made of an evaluation, signed with the kiosk's key, and only ever stricter.

The signature says who answered for it and that nobody changed it since. It need not keep anybody from removing it: then
the model's own threshold stands, which no site may undercut.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import tomli_w

from kiosk.admin.evaluate_rates import pairs_needed
from kiosk.admin.questions import demand_name
from kiosk.errors import SettingsError
from kiosk.settings import SETTINGS_FILE, Settings, SiteThresholdSettings, check_settings, load_settings
from kiosk.verification.comparison import ComparisonThreshold

if TYPE_CHECKING:
    from kiosk.store.key_vault import OpenVault
    from kiosk.vision.models import Model

FEWEST_PEOPLE = 20
"""So many pairs of fewer people would be the same few faces again and again."""
_TABLE = "site_threshold"
_SIGNED = b"kiosk site threshold 1\n"


class CalibrationRefusedError(SettingsError):
    """What was measured does not allow a threshold of the site's own; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an evaluation came to."""

    set_name: str
    people: int
    impostor_pairs: int
    thresholds: Mapping[float, float | None]
    """For each target rate; None where the set is too small to say."""


@dataclass(frozen=True, slots=True)
class PendingCalibration:
    """A kiosk whose settings can be changed, and who answers for it."""

    folder: Path
    settings: Settings
    vault: "OpenVault"
    model: "Model"
    in_force: ComparisonThreshold
    by: str

    def apply(self, made: Calibration) -> str:
        """Write the threshold and return what to say; raise `CalibrationRefusedError`."""
        rate = self.settings.policy.false_match_rate
        score = _demand_enough(made, rate)
        if score <= self.in_force.score:
            raise CalibrationRefusedError(
                f"The set asks for {score:.4f} and {self.in_force.score:.4f} is in force; a site may only tighten. "
                "Nothing was changed."
            )
        if score >= 1:
            raise CalibrationRefusedError("The set asks for a threshold that nobody reaches; look at its pictures.")
        site = SiteThresholdSettings(
            self.model.id, rate, round(score, 4), made.set_name, made.people, made.impostor_pairs, self.by,
            f"{datetime.now(UTC):%Y-%m-%d}",
        )  # fmt: skip
        _write(
            self.folder, msgspec.structs.replace(site, signature=signature(self.settings.kiosk_id, site, self.vault))
        )
        return (
            f"The threshold of {self.folder} is {site.score:.4f} instead of {self.in_force.score:.4f} for false match "
            f"rate {rate:g}, signed by {self.by}; it counts from the next start of the kiosk."
        )


def prepare_calibration(
    folder: Path | None, by: str | None, passphrase_file: Path | None, model: "Model"
) -> PendingCalibration:
    """Demand everything that a calibration needs before any picture is looked at; raise a `KioskError`."""
    from kiosk.admin.model_in_force import NO_THRESHOLD, model_in_force, threshold_in_force
    from kiosk.admin.unlocking import unlock_kiosk

    if folder is None or by is None:
        raise SettingsError("A calibration needs --calibrate KIOSK_FOLDER and --by NAME: somebody answers for it.")
    demand_name(by)
    settings = load_settings(folder)
    in_use = model_in_force(folder, settings)
    if model.id != in_use.id:
        raise SettingsError(f"The model that this kiosk uses is {in_use.id}; calibrate with --model {in_use.id}.")
    in_force = threshold_in_force(in_use, settings)
    if in_force == NO_THRESHOLD:
        raise SettingsError(f"The model {model.id} has no threshold for the policy's rate: there is none to tighten.")
    vault = unlock_kiosk(folder, settings, passphrase_file)
    check_site_threshold(settings, vault)
    return PendingCalibration(folder, settings, vault, model, in_force, by.strip())


def tightened(threshold: ComparisonThreshold, model_id: str, site: SiteThresholdSettings) -> ComparisonThreshold:
    """The stricter of the model's and the site's; one made for another model counts for nothing."""
    if site.model != model_id or not site.score > threshold.score:
        return threshold
    return replace(threshold, score=site.score, measured_on=f"{threshold.measured_on}; tightened at this site")


def check_site_threshold(settings: Settings, vault: "OpenVault") -> None:
    """Raise `SettingsError` for a table that this kiosk's key did not sign."""
    from kiosk.store.signing_keys import former_public_keys, present_signing_key

    site = settings.site_threshold
    if site == SiteThresholdSettings():
        return
    keys = [present_signing_key(vault).public_key().public_bytes_raw(), *former_public_keys(vault)]
    if not any(_has_signed(key, settings.kiosk_id, site) for key in keys):
        raise SettingsError(
            "site_threshold was changed, or comes from another kiosk; calibrate again, or remove the table."
        )


def _has_signed(public_key: bytes, kiosk_id: bytes, site: SiteThresholdSettings) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(bytes.fromhex(site.signature), _signed_bytes(kiosk_id, site))
    except InvalidSignature:
        return False
    return True


def signature(kiosk_id: bytes, site: SiteThresholdSettings, vault: "OpenVault") -> str:
    """Hexadecimal digits of the kiosk's signature over the table."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from kiosk.store.key_vault import SIGNING_KEY

    return Ed25519PrivateKey.from_private_bytes(vault.secret(SIGNING_KEY)).sign(_signed_bytes(kiosk_id, site)).hex()


def _signed_bytes(kiosk_id: bytes, site: SiteThresholdSettings) -> bytes:
    """Begins unlike a verdict's message, so that neither can be taken for the other; each field in its own place."""
    unsigned = msgspec.structs.replace(site, signature="")
    return _SIGNED + kiosk_id + msgspec.json.encode(msgspec.structs.astuple(unsigned))


def _demand_enough(made: Calibration, rate: float) -> float:
    score = made.thresholds.get(rate)
    if score is None or made.impostor_pairs < pairs_needed(rate):
        raise CalibrationRefusedError(
            f"{made.set_name} gives {made.impostor_pairs:,} impostor pairs; {pairs_needed(rate):,} are needed for false"
            f" match rate {rate:g}. Nothing was changed."
        )
    if made.people < FEWEST_PEOPLE:
        raise CalibrationRefusedError(
            f"{made.set_name} shows {made.people} people; pictures of at least {FEWEST_PEOPLE} are needed. Nothing was "
            "changed."
        )
    return score


def _write(folder: Path, site: SiteThresholdSettings) -> None:
    """Put the table in the place of an older one; every other line of the file stays as IT wrote it."""
    from kiosk.store.durable_file import replace_durably

    path = folder / SETTINGS_FILE
    kept, inside = [], False
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        if line.lstrip().startswith("["):
            inside = line.split("#")[0].strip() == f"[{_TABLE}]"
        if not inside:
            kept.append(line)
    text = "\n".join(kept).rstrip("\n") + "\n\n" + tomli_w.dumps({_TABLE: msgspec.to_builtins(site)})
    if check_settings(tomllib.loads(text), str(path)).site_threshold != site:
        raise SettingsError(f"{path} is written so that a table cannot be added; remove [{_TABLE}] by hand first.")
    replace_durably(path, text.encode())
