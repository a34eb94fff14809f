"""Started as a process of its own by a test that kills it: commits verdicts for ever, telling each on its output."""

import sys
from pathlib import Path

from tests.stores import answer_visit, open_test_store


def main() -> None:
    with open_test_store(Path(sys.argv[1])) as store:
        print("open", flush=True)
        while True:
            committed = answer_visit(store)
            print(committed.sequence, committed.jws, flush=True)
            if committed.sequence % 3 == 0:
                application = store.open_applications()[0]
                store.mark_opened(application.application_id, "t1")
                print("erased", application.application_id, flush=True)


if __name__ == "__main__":
    main()
