"""Plants each mistake of tests/mutant_list.py in a copy of the tree, where its tests must then
fail: `python -m tests.mutants`, or with words of their names for some. Unchanged they must pass.

Exits 1 if a mutant survives, 2 if one cannot be tried. All runs share a Postgres and a Temporal.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests import servers
from tests.mutant_list import MUTANTS, Mutant, Patch, PatchMismatch

CHECKOUT = Path(__file__).resolve().parents[1]
PYTEST = ["-m", "pytest", "-x", "--tb=line", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
PASSED = 0


@dataclass(frozen=True)
class Verdict:
    name: str
    killed: bool
    broken: str = ""
    """Pytest's output where the tests could not begin."""
    seconds: float = 0.0


def main(words: Sequence[str]) -> int:
    chosen = [m for m in MUTANTS if not words or any(word in m.name for word in words)]
    at_a_time = os.cpu_count() or 1
    with (
        tempfile.TemporaryDirectory(prefix="chairtime-") as directory,
        servers.shared(with_temporal=any(m.uses_temporal for m in chosen)) as environment,
        ThreadPoolExecutor(at_a_time) as pool,
    ):
        trees: SimpleQueue[Path] = SimpleQueue()
        for n in range(at_a_time):
            trees.put(_copy(Path(directory) / str(n)))
        unchanged = pool.submit(_pass_unchanged, chosen, trees, environment)
        verdicts = list(pool.map(lambda mutant: _try(mutant, trees, environment), chosen))
        faults = [unchanged.result(), *(verdict.broken for verdict in verdicts)]
    for verdict in verdicts:
        outcome = "killed" if verdict.killed else "BROKEN" if verdict.broken else "SURVIVED"
        print(f"{outcome:<9}{verdict.seconds:5.1f} s  {verdict.name}")
    if any(faults):
        print(*filter(None, faults), sep="\n")
        return 2
    survivors = sum(not verdict.killed for verdict in verdicts)
    print(f"{len(verdicts)} mutants, {survivors} survived")
    return 1 if survivors else 0


def _pass_unchanged(
    mutants: Sequence[Mutant], trees: "SimpleQueue[Path]", environment: Mapping[str, str]
) -> str:
    """Pytest's output, if a test fails without a mistake; else nothing."""
    tests = tuple(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    with _taken(trees) as tree:
        done = _run(tree, tests, environment)
    return "" if done.returncode == PASSED else "unchanged:\n" + done.stdout


def _try(mutant: Mutant, trees: "SimpleQueue[Path]", environment: Mapping[str, str]) -> Verdict:
    began = time.monotonic()
    with _taken(trees) as tree:
        try:
            with _mutated(tree, mutant.patches):
                done = _run(tree, mutant.tests, environment)
        except PatchMismatch as why:
            return Verdict(mutant.name, False, str(why))
    seconds = time.monotonic() - began
    if done.returncode != PASSED and "\nFAILED " not in done.stdout:
        return Verdict(mutant.name, False, f"{mutant.name}:\n{done.stdout}{done.stderr}", seconds)
    return Verdict(mutant.name, done.returncode != PASSED, seconds=seconds)


@contextmanager
def _taken(trees: "SimpleQueue[Path]") -> Iterator[Path]:
    tree = trees.get()
    try:
        yield tree
    finally:
        trees.put(tree)


@contextmanager
def _mutated(tree: Path, patches: Sequence[Patch]) -> Iterator[None]:
    before = {patch.file: (tree / patch.file).read_text() for patch in patches}
    try:
        for patch in patches:
            patch.apply(tree)
        yield
    finally:
        for file, text in before.items():
            (tree / file).write_text(text)


def _copy(directory: Path) -> Path:
    """What git knows or would know of the checkout, as it is now."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        source, copy = CHECKOUT / name, directory / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    return directory


def _run(
    tree: Path, tests: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *PYTEST, *(f"tests/{test}" for test in tests)],
        cwd=tree,
        env={**os.environ, **environment, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
