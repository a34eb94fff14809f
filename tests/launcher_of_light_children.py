"""The real launcher, with programs that the test can hold in its hand in place of desk and children."""

import json
import sys
from pathlib import Path

from kiosk.runtime.confinement import confine_launcher
from kiosk.runtime.launcher import Launcher


def main() -> int:
    """Arguments: a JSON object of `programs`, `logs`, `restart` and `desk` (its arguments)."""
    asked = json.loads(sys.argv[1])
    confine_launcher()
    programs = {role: tuple(program) for role, program in asked["programs"].items()}
    return Launcher(asked["desk"], Path(asked["logs"]), restart=asked["restart"], programs=programs).run()


if __name__ == "__main__":
    raise SystemExit(main())
