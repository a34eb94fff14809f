"""House rules that no linter knows; each failure says what to do about it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for package in ("kiosk", "hardware") for path in (REPOSITORY / package).rglob("*.py"))
PURE_PACKAGES = ("verification", "document", "privacy", "session", "supervision")
NAMELESS_FOLDERS = {"utils", "helpers", "common", "core", "services", "managers"}
CLOCK_CALLS = {"now", "utcnow", "today", "monotonic", "perf_counter"}
FILE_CALLS = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
WORDS_NOT_USED = {"selfie", "spoof", "embedding", "enrolled", "cutoff", "fake"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    """`file:line`, as an editor opens it."""
    return f"{path.relative_to(REPOSITORY)}:{getattr(node, 'lineno', 1)}"


def imported_names(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every imported module, and every `module.name` of a from-import, wherever it stands in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node, node.module
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def says_what_it_means(error: ast.ClassDef) -> bool:
    """By a docstring, or by composing its one sentence itself."""
    composes = any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in error.body)
    return composes or bool(ast.get_docstring(error))


def pure_sources() -> list[Path]:
    return [path for path in SOURCES if path.relative_to(REPOSITORY).parts[1] in PURE_PACKAGES]


def test_widgets_are_made_in_ui_only() -> None:
    elsewhere = [
        place(path, node)
        for path in SOURCES
        if "ui" not in path.relative_to(REPOSITORY).parts[1:2]
        # `app` builds the kiosk and `admin` starts it: they hold the QApplication, which Qt keeps among the widgets.
        and path.relative_to(REPOSITORY).parts[1] not in ("app.py", "admin")
        for node, name in imported_names(parsed(path))
        if name.startswith("PySide6.QtWidgets")
    ]
    assert not elsewhere, f"QtWidgets belong to kiosk/ui: {elsewhere}"


def test_the_entry_of_a_process_is_not_dragged_in_by_its_package() -> None:
    tree = parsed(REPOSITORY / "kiosk" / "runtime" / "__init__.py")
    assert not list(imported_names(tree)), "kiosk/runtime/__init__.py imports nothing: each process loads its own side"


@pytest.mark.parametrize("name", sorted(NAMELESS_FOLDERS))
def test_no_folder_has_a_name_that_says_nothing(name: str) -> None:
    found = [path for package in ("kiosk", "hardware", "tests") for path in (REPOSITORY / package).rglob(name)]
    assert not found, f"name it after what it does: {found}"


def test_every_module_opens_with_what_it_is_for() -> None:
    silent = [place(path) for path in SOURCES if not ast.get_docstring(parsed(path))]
    assert not silent, f"open with a docstring, what it is for and what it does not do: {silent}"


def test_pure_packages_ask_no_clock_and_touch_no_file() -> None:
    calls = []
    for path in pure_sources():
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in CLOCK_CALLS | FILE_CALLS:
                calls.append(f"{place(path, node)} {name}()")
    assert not calls, f"pass the time or the bytes in as an argument: {calls}"


def test_errors_are_called_errors_and_say_what_they_mean() -> None:
    classes = {
        node.name: (path, node) for path in SOURCES for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)
    }

    def is_an_error(name: str) -> bool:
        if name in ("Exception", "KioskError", "HardwareError"):
            return True
        bases = classes[name][1].bases if name in classes else []
        return any(isinstance(base, ast.Name) and is_an_error(base.id) for base in bases)

    errors = {name: found for name, found in classes.items() if is_an_error(name)}
    assert len(errors) > 10
    misnamed = [place(*found) for name, found in errors.items() if not name.endswith("Error")]
    silent = [place(*found) for found in errors.values() if not says_what_it_means(found[1])]
    rootless = [
        place(path, node)
        for name, (path, node) in errors.items()
        if name not in ("KioskError", "HardwareError")
        and any(isinstance(base, ast.Name) and base.id == "Exception" for base in node.bases)
    ]
    assert (misnamed, silent, rootless) == ([], [], []), "…Error, a docstring or its own sentence, a root in errors.py"


def test_identifiers_use_the_words_of_the_field() -> None:
    used = []
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            names = [getattr(node, "name", None), getattr(node, "id", None), getattr(node, "arg", None)]
            used += [
                f"{place(path, node)} {name}"
                for name in names
                if isinstance(name, str) and WORDS_NOT_USED & set(name.lower().split("_"))
            ]
    assert not used, f"docs/vocabulary.md has the standard's word for it: {used}"
