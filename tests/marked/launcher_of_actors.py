"""The real launcher, desk and courier; actors in place of eyes and reader. First argument: a JSON object of `seed`,
`counters` (of each role); then the launcher's own."""

import json
import sys
from pathlib import Path

from kiosk.runtime.confinement import confine_launcher
from kiosk.runtime.launcher import PROGRAMS, Launcher

_REPOSITORY = Path(__file__).resolve().parents[2]
_ACT = f"import sys; sys.path.insert(0, {str(_REPOSITORY)!r}); from tests.marked.actor import main; main()"


def main() -> int:
    asked = json.loads(sys.argv[1])
    words = sys.argv[2:]
    logs, desk = Path(words[words.index("--logs") + 1]), words[words.index("--") + 1 :]
    actors = {role: ("-c", _ACT, role, asked["seed"], counter) for role, counter in asked["counters"].items()}
    confine_launcher()
    return Launcher(desk, logs, restart="--once" not in words, programs={**PROGRAMS, **actors}).run()


if __name__ == "__main__":
    raise SystemExit(main())
