"""The installer's specification names what stands. It is built by hand, not here."""

import ast
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SPECIFICATION = REPOSITORY / "installer.spec"


def roles() -> dict[str, str]:
    """Program name → entry file, as the specification writes them."""
    for node in ast.parse(SPECIFICATION.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ROLES":
            assert isinstance(node.value, ast.Dict)
            programs = zip(node.value.keys, node.value.values, strict=True)
            return {key.value: entry.elts[0].value for key, entry in programs}  # type: ignore[union-attr,attr-defined]
    raise AssertionError("installer.spec has no ROLES")


def test_every_process_has_a_program_of_its_own() -> None:
    programs = roles()
    assert set(programs) == {"kiosk", "kiosk-launcher", "kiosk-desk", "kiosk-eyes", "kiosk-reader", "kiosk-courier"}
    assert len(set(programs.values())) == len(programs)


def test_every_program_starts_from_a_file_that_exists() -> None:
    assert [entry for entry in roles().values() if not (REPOSITORY / entry).is_file()] == []
