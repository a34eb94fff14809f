"""The installer's specification names what stands. It is built by hand, not here."""

import ast
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SPECIFICATION = REPOSITORY / "installer.spec"


def assigned(name: str) -> ast.expr:
    """What the specification gives a name of its own."""
    for node in ast.parse(SPECIFICATION.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return node.value
    raise AssertionError(f"installer.spec has no {name}")


def roles() -> dict[str, str]:
    """Program name → entry file, as the specification writes them."""
    value = assigned("ROLES")
    assert isinstance(value, ast.Dict)
    programs = zip(value.keys, value.values, strict=True)
    return {key.value: entry.elts[0].value for key, entry in programs}  # type: ignore[union-attr,attr-defined]


def test_every_process_has_a_program_of_its_own() -> None:
    programs = roles()
    assert set(programs) == {"kiosk", "kiosk-launcher", "kiosk-desk", "kiosk-eyes", "kiosk-reader", "kiosk-courier"}
    assert len(set(programs.values())) == len(programs)


def test_every_asset_is_brought_along_and_no_model_that_a_developer_installed() -> None:
    shipped = {Path(part) for part in ast.literal_eval(assigned("SHIPPED"))}
    listed = subprocess.run(["git", "ls-files", "assets"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert listed.stdout
    assert [name for name in listed.stdout.split() if not {Path(name), *Path(name).parents} & shipped] == []
    assert not {Path("assets/models/installed"), Path("assets/models"), Path("assets")} & shipped


def test_every_program_starts_from_a_file_that_exists() -> None:
    assert [entry for entry in roles().values() if not (REPOSITORY / entry).is_file()] == []
