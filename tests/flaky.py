"""Prints the tests that failed in the last run: `python -m tests.flaky`. Exits 1 where there are
more than MOST, or none is known: then the failures are not the tests' own.
"""

import json
import sys
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")

MOST = 1
"""On a machine whose processors stand still for two seconds, as a shared one does now and then."""


def main() -> int:
    failed = list(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests failed; up to {MOST} may be tried again", file=sys.stderr)
        return 1
    print("\n".join(failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
