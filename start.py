#!/usr/bin/env python3
"""From a bare machine to a running kiosk with one command: brings in what is missing, then runs it.

    python3 start.py demo       a simulated customer walks through a whole visit
    python3 start.py test       every check and every test

Standard library only, because nothing else is there yet. Each step looks first and fetches only what is missing, so
that a second run needs no network. It leaves the system's Python alone: everything lives in `.bootstrap/` and
`.venv/` beside this file; only Debian packages go into the system, and only where that is allowed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes.util
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent
BOOTSTRAP = ROOT / ".bootstrap"
UV_VENV = BOOTSTRAP / "uv"
UV = UV_VENV / "bin" / "uv"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
PACKAGES_STAMP = VENV / "complete.stamp"
UNFINISHED = BOOTSTRAP / "packages.unfinished"

PYTHONS = ((3, 12), (3, 11))
UV_REQUIREMENT = "uv>=0.13,<0.14"
NEEDED_DISK_GB = 4
PUBLIC_INDEX_HOSTS = ("//pypi.org/", "//pypi.python.org/")

# Debian package → the library that proves it, for systems without dpkg.
REQUIRED_LIBRARIES = {
    "libgl1": "GL",
    "libegl1": "EGL",
    "libglib2.0-0": "glib-2.0",
    "libxkbcommon0": "xkbcommon",
    "libdbus-1-3": "dbus-1",
    "libfontconfig1": "fontconfig",
    "libseccomp2": "seccomp",
}
# Qt opens a window on an X display with these; off screen it needs none of them.
DISPLAY_LIBRARIES = {
    "libxcb-cursor0": "xcb-cursor",
    "libxcb-icccm4": "xcb-icccm",
    "libxcb-image0": "xcb-image",
    "libxcb-keysyms1": "xcb-keysyms",
    "libxcb-randr0": "xcb-randr",
    "libxcb-render-util0": "xcb-render-util",
    "libxcb-shape0": "xcb-shape",
    "libxkbcommon-x11-0": "xkbcommon-x11",
}
# Tools, not libraries: tests watch system calls, and try the firewall and full disks in namespaces of their own.
TEST_TOOLS = {"strace": "strace", "nftables": "nftables", "iproute2": "", "util-linux": "", "mount": ""}
# What the tests of the TPM vault are built and run with; nothing else needs a compiler.
TPM_TOOLS = {"swtpm": "", "swtpm-tools": "", "libtss2-dev": "tss2-esys", "pkg-config": "", "gcc": "", "libc6-dev": ""}

IN_TWO_WORKERS = ("-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder")
"""The whole run; whoever passes arguments of their own to pytest sees its output test by test."""
STEPS = ("Python", "system libraries", "uv, the package installer", "Python packages", "models")


class SetUpError(Exception):
    """One sentence that says what stands in the way, and one that says what to do about it."""


# --- the command ---


def main(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code."""
    command = _parser().parse_args(arguments[:1]).command
    try:
        return {"demo": demo, "test": test, "setup": setup, "kiosk": kiosk}[command](list(arguments[1:]))
    except SetUpError as error:
        print("\n" + str(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. The same command takes up where this one stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="start.py",
        description="Brings in what is missing (Debian packages, uv, Python packages, models), then runs a command.",
        epilog="Everything after the command is passed on:\n"
        "  python3 start.py demo --subject impostor --headless\n"
        "  python3 start.py test -k session\n"
        "  python3 start.py kiosk verify probe.jpg reference.jpg\n\n"
        "The first run fetches about 0.6 GB and takes a few minutes; later runs need no network.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command",
        choices=("demo", "test", "setup", "kiosk"),
        help="demo: a simulated visit, on screen, or as pictures where there is no display. "
        "test: ruff, mypy, import-linter and pytest. setup: only bring in what is missing. "
        "kiosk: any other kiosk command.",
    )
    return parser


def setup(_: list[str]) -> int:
    """Only bring in what is missing."""
    prepare()
    print("Ready. Next: python3 start.py demo")
    return 0


def demo(passed_on: list[str]) -> int:
    """Run the simulated visit; without a display `kiosk demo` goes off screen by itself."""
    return kiosk(["demo", *passed_on])


def kiosk(passed_on: list[str]) -> int:
    """Become the kiosk command, so that signals and exit code are its own."""
    prepare()
    sys.stdout.flush()
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), "-m", "kiosk", *passed_on])


def test(passed_on: list[str]) -> int:
    """Run every check, then pytest, whose summary is the last line; what is passed on goes to pytest."""
    prepare()
    with only_one_run():
        bring_in_tpm()
    checks = {
        "ruff check": ["-m", "ruff", "check"],
        "ruff format": ["-m", "ruff", "format", "--check"],
        "mypy": ["-m", "mypy"],
        "import contracts": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    }
    for name, command in checks.items():
        print(f"— {name}", flush=True)
        if subprocess.run([VENV_PYTHON, *command], cwd=ROOT).returncode != 0:
            raise SetUpError(f"{name} found what is printed above; mend it and run the tests again.")
    print("— pytest", flush=True)
    return subprocess.run([VENV_PYTHON, "-m", "pytest", *(passed_on or IN_TWO_WORKERS)], cwd=ROOT).returncode


# --- the steps ---


def prepare() -> None:
    """Bring in what is missing, one run at a time."""
    with step(1) as report:
        report(use_a_fitting_python())
    if sys.platform != "linux":
        raise SetUpError("Only Linux can be prepared by this script so far; see docs/it-handbook.md for Windows.")
    with only_one_run():
        with step(2) as report:
            report(bring_in_system_libraries())
        with step(3) as report:
            report(bring_in_uv())
        with step(4) as report:
            report(bring_in_packages())
        with step(5) as report:
            report(bring_in_models())


@contextlib.contextmanager
def step(number: int) -> Iterator[Any]:
    """Announce a numbered step; the function it yields prints the outcome with the time it took."""
    began_s = time.monotonic()
    title = f"[{number}/{len(STEPS)}] {STEPS[number - 1]}"
    print(title + " …", flush=True)

    def report(outcome: str) -> None:
        print(f"{title}: {outcome} ({time.monotonic() - began_s:.0f} s)", flush=True)

    yield report


@contextlib.contextmanager
def only_one_run() -> Iterator[None]:
    """Hold the bootstrap lock; the system frees it when this process ends, however it ends."""
    import fcntl

    BOOTSTRAP.mkdir(exist_ok=True)
    with (BOOTSTRAP / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another start.py is preparing this folder; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def use_a_fitting_python() -> str:
    """Go on in Python 3.11 or 3.12: this one, or one found on the path, which then takes over."""
    if sys.version_info[:2] in PYTHONS:
        return platform.python_version()
    for major, minor in PYTHONS:
        found = shutil.which(f"python{major}.{minor}")
        if found:
            print(f"This is Python {platform.python_version()}; going on in {found}.", flush=True)
            os.execv(found, [found, *sys.argv])
    raise SetUpError(
        f"The kiosk needs Python 3.11 or 3.12 and this is {platform.python_version()} (MediaPipe 0.10.21 has no build "
        "for it).\nInstall one of them beside it, for example: apt-get install python3.11 python3.11-venv"
    )


# --- system libraries ---


def bring_in_system_libraries() -> str:
    """Install the Debian packages that are missing where that is allowed; say which where it is not."""
    if shutil.which("dpkg-query") is None:
        return name_missing_libraries()
    required = missing_packages(REQUIRED_LIBRARIES) + missing_venv_package()
    optional = missing_packages(DISPLAY_LIBRARIES) + missing_packages(TEST_TOOLS)
    missing = required + optional
    if not missing:
        return "all there"
    prefix = administrator_prefix()
    if prefix is not None and apt_install(prefix, missing):
        return f"installed {len(missing)} Debian packages"
    line = "apt-get update && apt-get install --yes --no-install-recommends " + " ".join(missing)
    if required:
        raise SetUpError(f"Debian packages are missing. Have an administrator run this, then start again:\n  {line}")
    return f"going on without {', '.join(optional)} (a window on screen or some tests need them: {line})"


def bring_in_tpm() -> None:
    """Bring in what the tests of the TPM vault need: a simulated TPM, and the extra `tpm`, which is compiled here."""
    if (
        shutil.which("swtpm")
        and subprocess.run([VENV_PYTHON, "-c", "import tpm2_pytss"], capture_output=True).returncode == 0
    ):
        return
    prefix = administrator_prefix()
    missing = missing_packages(TPM_TOOLS) if shutil.which("dpkg-query") else []
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append("python{}.{}-dev".format(*sys.version_info[:2]))
    if missing and (prefix is None or not apt_install(prefix, missing)):
        print(f"The tests of the TPM vault will fail without {', '.join(missing)}.", flush=True)
        return
    requirements = BOOTSTRAP / "tpm-requirements.txt"
    uv("export", "--frozen", "--quiet", "--only-group", "tpm", "--output-file", str(requirements))
    index = configured_index()
    elsewhere = () if index is None else ("--default-index", index)
    uv(
        "pip",
        "install",
        "--require-hashes",
        "--python",
        str(VENV_PYTHON),
        *elsewhere,
        "--requirement",
        str(requirements),
    )


def missing_packages(wanted: dict[str, str]) -> list[str]:
    """Names of the Debian packages of `wanted` that are not installed, under this or their newer name."""
    names = [name + suffix for name in wanted for suffix in ("", "t64")]
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    installed = {line.split()[0] for line in answer.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if not installed & {name, name + "t64"}]


def missing_venv_package() -> list[str]:
    """Debian keeps what `python3 -m venv` needs in a package of its own."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return []
    return ["python{}.{}-venv".format(*sys.version_info[:2])]


def name_missing_libraries() -> str:
    """Another system than Debian: name what seems to be missing and try all the same."""
    wanted = {**REQUIRED_LIBRARIES, **DISPLAY_LIBRARIES}
    missing = [f"lib{library}" for library in wanted.values() if ctypes.util.find_library(library) is None]
    if missing_venv_package():
        raise SetUpError("This Python cannot make environments. Install its venv and ensurepip modules first.")
    if not missing:
        return "all there"
    return f"this is no Debian; install with your own tools what provides {', '.join(missing)}"


def administrator_prefix() -> list[str] | None:
    """What to put before a command to run it as administrator without a question; None where that cannot be."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def apt_install(prefix: list[str], packages: list[str]) -> bool:
    """Install by apt-get, fetching its lists anew only when the packages cannot be had from those at hand."""
    print(f"Installing from Debian: {' '.join(packages)}", flush=True)
    apt_get = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "--yes"]
    update, install = [*apt_get, "update"], [*apt_get, "install", "--no-install-recommends", *packages]
    lists_at_hand = any(Path("/var/lib/apt/lists").glob("*_Packages*"))
    if lists_at_hand and subprocess.run(install, stdin=subprocess.DEVNULL).returncode == 0:
        return True
    subprocess.run(update, stdin=subprocess.DEVNULL)
    return subprocess.run(install, stdin=subprocess.DEVNULL).returncode == 0


# --- uv ---


def bring_in_uv() -> str:
    """Install uv into an environment of its own: Debian's Python refuses anything else (PEP 668)."""
    version = uv_version()
    if version is None:
        shutil.rmtree(UV_VENV, ignore_errors=True)
        run_or_say([base_python(), "-m", "venv", UV_VENV], "The environment for uv could not be made")
        pip = [str(UV_VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        run_or_say(
            [*pip, "install", UV_REQUIREMENT],
            "uv could not be fetched; check the network, the proxy, or the index that pip is configured with",
        )
        version = uv_version()
    if version is None:
        raise SetUpError(f"uv was installed but does not run. Delete {UV_VENV} and start again.")
    return version


def uv_version() -> str | None:
    """Version of the uv at hand if it is one that this script was written for."""
    try:
        answer = subprocess.run([UV, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = answer.split()[1] if len(answer.split()) > 1 else ""
    return version if version.startswith("0.13.") else None


def base_python() -> str:
    """The interpreter below any environment that this script may have been started from."""
    return str(getattr(sys, "_base_executable", sys.executable))


# --- Python packages ---


def bring_in_packages() -> str:
    """Make `.venv` what `uv.lock` says, unless a stamp says that it is already."""
    stamp = packages_stamp()
    if not UNFINISHED.exists() and PACKAGES_STAMP.is_file() and PACKAGES_STAMP.read_text() == stamp:
        return "as locked"
    if not environment_is_usable():
        shutil.rmtree(VENV, ignore_errors=True)
    check_disk()
    megabytes = f"{locked_megabytes():.0f} MB"
    print(f"Up to {megabytes} to fetch; what uv has in its cache is not fetched again.", flush=True)
    UNFINISHED.touch()
    PACKAGES_STAMP.unlink(missing_ok=True)
    index = configured_index()
    if index is None:
        uv("sync", "--frozen", "--python", base_python())
    else:
        sync_from(index)
    PACKAGES_STAMP.write_text(stamp)
    UNFINISHED.unlink()
    return "as locked"


def packages_stamp() -> str:
    """Hash of everything that decides what `.venv` holds; formatting or lint settings do not."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tool = project.get("tool", {})
    parts = [project.get(name) for name in ("project", "build-system", "dependency-groups")]
    parts += [tool.get("uv"), tool.get("hatch"), str(ROOT), platform.python_version(), platform.machine()]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
    digest.update((ROOT / "uv.lock").read_bytes())
    return digest.hexdigest()


def environment_is_usable() -> bool:
    """An environment from an interrupted run, of another Python, or moved from elsewhere is made anew."""
    if UNFINISHED.exists() or not VENV_PYTHON.exists():
        return False
    question = "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"
    answer = subprocess.run([VENV_PYTHON, "-c", question], capture_output=True, text=True).stdout.split()
    activate = VENV / "bin" / "activate"
    belongs_here = activate.is_file() and str(VENV) in activate.read_text()
    return belongs_here and answer[:1] == ["{}.{}".format(*sys.version_info[:2])]


def check_disk() -> None:
    """Refuse early instead of failing halfway."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if not VENV.exists() and free_gb < NEEDED_DISK_GB:
        raise SetUpError(
            f"The kiosk and what it fetches need {NEEDED_DISK_GB} GB and {free_gb:.1f} GB are free in {ROOT}. "
            "Make room and start again."
        )


def locked_megabytes() -> float:
    """Size of the wheels (or source archives) that this machine takes from the lock file."""
    import tomllib

    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return sum(_fetched_bytes(package) for package in packages) / 1e6


def _fetched_bytes(package: dict[str, Any]) -> int:
    for wheel in package.get("wheels", ()):
        tags = wheel["url"].rsplit("/", 1)[-1]
        fits_python = any(tag in tags for tag in ("-py3-", "-py2.py3-", "-abi3-", "cp{}{}-".format(*sys.version_info)))
        fits_machine = "-any." in tags or ("manylinux" in tags and platform.machine() in tags)
        if fits_python and fits_machine:
            return int(wheel.get("size", 0))
    return 0


def configured_index() -> str | None:
    """The machine's own package index, from uv's variables or pip's configuration; None for the public one."""
    by_variable = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL")
    index = by_variable or pip_setting("index-url")
    if index is None or any(host in index for host in PUBLIC_INDEX_HOSTS):
        return None
    return index


def pip_setting(name: str) -> str | None:
    """A setting of pip's configuration files or variables, which uv does not read."""
    pip = [str(UV_VENV / "bin" / "python"), "-m", "pip", "config", "list"]
    for line in subprocess.run(pip, capture_output=True, text=True).stdout.splitlines():
        key, _, value = line.partition("=")
        if key in (f":env:.{name}", f"global.{name}", f"install.{name}"):
            return value.strip("'\"")
    return None


def sync_from(index: str) -> None:
    """Install the locked versions by hash from another index.

    `uv sync --frozen` fetches from the addresses in the lock file whatever index is configured; exporting the lock
    and installing it by hash does not.
    """
    requirements = BOOTSTRAP / "locked-requirements.txt"
    uv("export", "--frozen", "--quiet", "--no-emit-project", "--output-file", str(requirements))
    if not VENV_PYTHON.exists():
        uv("venv", "--python", base_python(), str(VENV))
    into_venv = ("--python", str(VENV_PYTHON), "--default-index", index)
    uv("pip", "sync", "--require-hashes", *into_venv, str(requirements))
    uv("pip", "install", "--no-deps", *into_venv, "--editable", str(ROOT))


def uv(*arguments: str) -> None:
    """Run uv in this folder with its own progress in view."""
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    environment |= {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    environment.setdefault("UV_HTTP_TIMEOUT", "180")
    certificates = pip_setting("cert")
    if certificates:
        environment.setdefault("SSL_CERT_FILE", certificates)
    run_or_say(
        [UV, *arguments],
        "The Python packages could not be brought in; check the network, the proxy (HTTPS_PROXY) or the index "
        "(UV_DEFAULT_INDEX)",
        environment,
    )


# --- models ---


def bring_in_models() -> str:
    """Let the kiosk build its models; it checks their hashes and does nothing when they stand."""
    run_or_say([VENV_PYTHON, "-m", "kiosk", "models", "build"], "The models could not be built")
    return "built and checked"


def run_or_say(command: Sequence[str | Path], sentence: str, environment: dict[str, str] | None = None) -> None:
    """Run a command with its output in view; turn its failure into a sentence with a cure."""
    result = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        raise SetUpError(f"{sentence} (see above). Then start again: it goes on from here.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
