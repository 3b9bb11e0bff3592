"""Figures, one per repetition, and their targets."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal


def percentile(values: Sequence[float], q: float) -> float:
    """The smallest of the values that at least `q` per cent do not exceed; nan of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * q / 100) - 1)]


@dataclass(frozen=True)
class Target:
    """The target for the median of one figure of a row."""

    figure: str
    is_: Literal["≤", "≥"]
    bound: float

    def met(self, value: float) -> bool:
        return value <= self.bound if self.is_ == "≤" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.figure} {self.is_} {self.bound:g}"


@dataclass
class Row:
    """The figures of one measurement by name, each with one value per repetition."""

    what: str
    figures: dict[str, list[float]] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()

    def add(self, **values: float) -> None:
        """Adds the values of one repetition. Names end in the unit: `p50_ms`, `per_s`."""
        for name, value in values.items():
            self.figures.setdefault(name, []).append(value)

    def median(self, figure: str) -> float:
        return statistics.median(self.figures[figure])

    def verdicts(self) -> list[tuple[Target, bool]]:
        """Each target, and whether it was met."""
        return [(target, target.met(self.median(target.figure))) for target in self.targets]


@dataclass
class Result:
    """The figures of one experiment, with notes for their reader."""

    name: str
    about: str
    rows: dict[str, Row] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def row(self, what: str, *targets: Target) -> Row:
        """The row of this name, created on first use."""
        return self.rows.setdefault(what, Row(what, targets=targets))

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
