"""The real launcher, with programs that the test can hold in its hand in place of desk and children."""

import json
import sys
from pathlib import Path

from kiosk.runtime.confinement import confine_launcher
from kiosk.runtime.launcher import DESK_SILENCE_S, Launcher
from kiosk.runtime.process_users import parse_users


def main() -> int:
    """Argument: a JSON object: `programs`, `logs`, `restart`, `desk` (its arguments), perhaps more for the launcher."""
    asked = json.loads(sys.argv[1])
    confine_launcher()
    programs = {role: tuple(program) for role, program in asked["programs"].items()}
    silence_s = asked.get("desk_silence_s", DESK_SILENCE_S)
    return Launcher(
        asked["desk"],
        Path(asked["logs"]),
        restart=asked["restart"],
        programs=programs,
        desk_silence_s=silence_s,
        users=parse_users([f"{part}={user}" for part, user in asked.get("users", {}).items()]),
    ).run()


if __name__ == "__main__":
    raise SystemExit(main())
