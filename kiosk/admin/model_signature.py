"""Is a model's description the one that the bank signed? Ed25519 over its bytes, in a file of its own.

Holds public keys only; the bank signs elsewhere (docs/models.md says how).
"""

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk.errors import SettingsError
from kiosk.vision.installed_models import DESCRIPTION_FILE, SIGNATURE_FILE
from kiosk.vision.models import Model, ModelsError

if TYPE_CHECKING:
    from kiosk.settings import Settings

_SIGNATURE_BYTES = 64
_MOST_BYTES = 64 * 1024


class ModelSignatureError(ModelsError):
    """The description is not signed by the bank."""


def read_signing_key(folder: Path, settings: "Settings") -> Ed25519PublicKey:
    """Return the bank's key for model descriptions; raise `SettingsError`."""
    if not settings.models.signing_key:
        raise SettingsError(
            "The settings name no key for the signatures of models; put the bank's public key in the kiosk's folder"
            " and its name into models.signing_key."
        )
    path = folder / settings.models.signing_key
    try:
        key = load_pem_public_key(_content(path))
    except OSError as error:
        raise SettingsError(
            f"models.signing_key names {path}, which cannot be read ({error.strerror}); put the bank's key there."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"{path} is no PEM public key; ask the bank for its key for models.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{path} is no Ed25519 key; ask the bank for its key for models.")
    return key


def demand_signature(description: bytes, signature: Path, key: Ed25519PublicKey) -> bytes:
    """Return the signature's bytes if they are the bank's over this description; raise `ModelSignatureError`."""
    try:
        signed = _content(signature)
    except OSError as error:
        raise ModelSignatureError(
            f"There is no signature {signature}; have the bank sign the description (docs/models.md)."
        ) from error
    try:
        key.verify(signed if len(signed) == _SIGNATURE_BYTES else b"", description)
    except InvalidSignature as error:
        raise ModelSignatureError(
            f"The signature {signature} is not the bank's over this description; have it signed again (docs/models.md)."
        ) from error
    return signed


def is_signed(model: Model, key: Ed25519PublicKey | None) -> bool:
    """True for what comes with the program, and for an installed model whose description the bank signed."""
    if not model.folder:
        return True
    if key is None:
        return False
    folder = Path(model.folder)
    try:
        demand_signature((folder / DESCRIPTION_FILE).read_bytes(), folder / SIGNATURE_FILE, key)
    except (OSError, ModelSignatureError):
        return False
    return True


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no plain file")
    with path.open("rb") as file:
        return file.read(_MOST_BYTES)
