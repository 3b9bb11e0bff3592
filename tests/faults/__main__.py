"""`make chaos`: all parts as processes, under load, with faults at random times; then a judge says
whether anything was lost or broken. Exits 1 if so, with the seed and the place of the logs.

The same seed gives the same plan of faults; what they meet differs from run to run.
"""

import argparse
import random
import shutil
import sys
import time

import uvloop

from embedded import paths
from tests.faults import disk
from tests.faults.plan import plan
from tests.faults.run import Options, run

CALLERS = 6


def main() -> int:
    options = _options()
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", flush=True)

    home = paths.temporary()
    say(f"seed {options.seed}; logs and histories: {home}")
    well = False
    try:
        with disk.made(home) as data:
            well = uvloop.run(run(options, home, data, say))
    finally:
        say("chaos: all ok" if well else f"chaos: FAILED; seed {options.seed}; logs: {home}")
    if not options.keep and well:
        shutil.rmtree(home, ignore_errors=True)
    return 0 if well else 1


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--minutes", type=float, default=3.0, help="of load and faults")
    parser.add_argument("--seed", type=int, help="of an earlier run, for the same plan of faults")
    parser.add_argument("--callers", type=int, default=CALLERS)
    parser.add_argument("--only", default="", help="words of kinds of faults, by commas")
    parser.add_argument("--keep", action="store_true", help="keep logs and histories")
    given = parser.parse_args()
    seed = random.SystemRandom().getrandbits(32) if given.seed is None else given.seed
    seconds = given.minutes * 60
    words = [word for word in given.only.split(",") if word]
    faults = [
        fault
        for fault in plan(seed, seconds)
        if not words or any(word in fault.kind for word in words)
    ]
    return Options(seed, seconds, given.callers, faults, given.keep)


if __name__ == "__main__":
    sys.exit(main())
