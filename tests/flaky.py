"""Prints the one test that failed in the last run: `python -m tests.flaky`. Exits 1 where more than
one failed, or none is known: then the failure is not the test's own.
"""

import json
import sys
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    failed = list(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []
    if len(failed) != 1:
        print(f"{len(failed)} tests failed; at most one may be tried again", file=sys.stderr)
        return 1
    print(failed[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
