"""Draws the session table: the picture and the tables of `docs/session.md`. Writes no file.

Run `python -m kiosk.session.diagram > docs/session.md` after a change of the table; a test compares the two.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator

from kiosk.session.events import Event
from kiosk.session.machine import MAX_ATTEMPTS, TIMEOUT_S, TRANSITIONS, WARNING_S, Effect, Phase, Step
from kiosk.session.own_record_steps import MAX_TRIES

_INTRODUCTION = """\
# A visit, step by step

Drawn from `TRANSITIONS` in `kiosk/session/machine.py` by `python -m kiosk.session.diagram`; edit the table, not this
page. `advance(session, event)` walks it. An event that the table does not name for a phase changes nothing: late and
doubled events are normal.
"""

_REFINED = f"""\
## Before the table is asked

The same event can mean different things, depending on what the session remembers. In doubt, the teller.

- A consent without the purpose *application* is a refusal.
- A document whose check digits are wrong was not read: the visit is referred, and the teller can only close it. One
  that was read but cannot be accepted becomes `DocumentNeedsTeller`, and no face is captured.
- `DetailsConfirmed` without an address changes nothing. Where the face is declined or not consented to, no attempt is
  left, or a referral already stands, it becomes `DetailsConfirmedForTeller`.
- `Accepted` counts only for a live face that may be seen and a document nothing speaks against; a Class I account is
  always referred, and so is every face check but the full one: whichever the customer chose, nobody is refused for it,
  and nobody gets a yes by it without a teller.
- The last of {MAX_ATTEMPTS} attempts to fail becomes `LastAttemptFailed`, a referral.
- `TellerConfirmed` and `TellerRefused` count only with the name of a teller and for a visit that can be answered: a
  document, the details, an account class. `TellerConfirmed` also needs both of the teller's checks: the face itself,
  and the person against the document. Where the document's holder is below the policy's age it becomes
  `GuardianConfirmed` and needs a third: a guardian is here and agrees. No face is then captured, whatever was agreed
  to.

## A customer's own record

"Your data here" on the welcome screen leads through the phases that begin with `own_`
(`kiosk/session/own_record_steps.py`): they read a document and never a face, answer nothing and send nothing. The
welcome screen joins them to the others, and a consent that is withdrawn after a yes, which leads to the same erasure.

- A consent to anything but *own_record* is a refusal. It is recorded before the document is read, and discarded with
  the visit.
- `OwnCodeEntered` counts only with ten characters that a code can have. An expired document, or that of a child, finds
  its holder's record like any other; one whose check digits are wrong finds nothing.
- Whatever does not fit, the customer reads the same sentence. After {MAX_TRIES} tries in a visit our staff help, and
  after as many on end on one terminal each search waits half a minute.
- While the record is being erased nothing interrupts. Leaving before that changes nothing.

## Attempts outlive a visit that breaks off

A visit that ends because a camera, a process or the whole desk failed takes its failed attempts along: `Started`
brings them to the next visit if it begins within 3 minutes of the last of them, whoever begins it, for nobody can tell
whether it is the same person. Where all {MAX_ATTEMPTS} are used up the next visit goes from the details to the teller.
A visit that ends in order (an answer, cancelled, timed out, closed by the teller) leaves nothing to the next one.

Independently of visits, five attempts in a row that fail within 3 minutes make the terminal wait 30 s before another
begins: `Positioned` is held back, the customer sees for how long, and every other way on stays open
(`kiosk/verification/failure_limits.py`).
"""


def draw() -> str:
    """Return the whole page."""
    return "\n".join([_INTRODUCTION, _picture(), _REFINED, _time_outs(), _table()])


def _leaving_events() -> list[type[Event]]:
    """Events that end a visit without an answer from most phases: drawn once, not a dozen times."""
    phases: dict[type[Event], int] = defaultdict(int)
    for (_, event), step in TRANSITIONS.items():
        phases[event] += _abandons(step)
    return [event for event, count in phases.items() if count > len(Phase) / 2]


def _abandons(step: Step) -> bool:
    return step.phase is Phase.IDLE and Effect.DISCARD_VISIT in step.effects


def _arrows() -> Iterator[tuple[Phase, Phase, list[str]]]:
    """Arrows with the names of all events that take them, in the table's order."""
    leaving = _leaving_events()
    arrows: dict[tuple[Phase, Phase], list[str]] = defaultdict(list)
    for (here, event), step in TRANSITIONS.items():
        if not (event in leaving and _abandons(step)) and not (step.phase is here and not step.effects):
            arrows[here, step.phase].append(event.__name__)
    for (here, there), names in arrows.items():
        yield here, there, names


def _picture() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> idle"]
    lines += [f"    {here} --> {there}: {', '.join(names)}" for here, there, names in _arrows()]
    leaving = " · ".join(event.__name__ for event in _leaving_events())
    exempt = [phase for phase in Phase if phase is not Phase.IDLE and not _may_be_left(phase)]
    without = ", ".join(f"`{phase}`" for phase in exempt)
    note = (
        f"Not drawn: {leaving} end the visit from everywhere but {without}, with nothing sent and nothing kept "
        "(the table below has the exact list), and events that only make the session remember something."
    )
    return "\n".join([*lines, "```", "", note, ""])


def _may_be_left(phase: Phase) -> bool:
    steps = [TRANSITIONS.get((phase, event)) for event in _leaving_events()]
    return any(step is not None and _abandons(step) for step in steps)


def _time_outs() -> str:
    lines = ["## Time-outs", "", "| phase | without a touch | the screen asks |", "|---|---|---|"]
    for phase, timeout_s in TIMEOUT_S.items():
        if timeout_s is None:
            lines.append(f"| {phase} | none | – |")
        else:
            lines.append(f"| {phase} | {timeout_s:.0f} s | after {timeout_s - WARNING_S:.0f} s |")
    return "\n".join([*lines, ""])


def _table() -> str:
    lines = ["## The table", "", "| phase | event | next phase | effects, in order |", "|---|---|---|---|"]
    for phase in Phase:
        for (here, event), step in TRANSITIONS.items():
            if here is phase:
                effects = ", ".join(step.effects) or "–"
                lines.append(f"| {here} | {event.__name__} | {step.phase} | {effects} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(draw())
