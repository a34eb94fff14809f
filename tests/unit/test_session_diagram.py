"""The page that shows the session table is drawn from it."""

from pathlib import Path

from kiosk.session.diagram import draw
from kiosk.session.machine import TRANSITIONS, Effect, Phase

PAGE = Path(__file__).resolve().parents[2] / "docs" / "session.md"


def test_the_page_in_docs_is_what_the_table_draws() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw(), "run: python -m kiosk.session.diagram > docs/session.md"


def test_the_page_names_every_step_and_every_effect() -> None:
    page = draw()
    for (phase, event), step in TRANSITIONS.items():
        assert f"| {phase} | {event.__name__} | {step.phase} |" in page
    assert all(effect in page for effect in Effect)


def test_every_phase_is_in_the_picture() -> None:
    picture = draw().split("```")[1]
    for phase in Phase:
        assert f"--> {phase}" in picture
        assert f"    {phase} --> " in picture
