"""Prints a result as tables, and saves it as JSON."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Result, Row

RESULTS = Path(__file__).parent / "results"


def show(result: Result, console: Console) -> None:
    """Prints medians over the repetitions, with the lowest and the highest. Rows with the same
    figures share a table.
    """
    console.print(f"[bold]{result.name}[/bold]: {result.about}")
    for rows in _by_figures(result.rows.values()):
        console.print(_table(rows))
    for note in result.notes:
        console.print(f"  {note}", markup=False, highlight=False)
    console.print()


def save(result: Result, context: dict[str, Any]) -> None:
    """Writes results/<name>.json, replacing an earlier one."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "name": result.name,
        "about": result.about,
        "context": context,
        "rows": [_json(row) for row in result.rows.values()],
        "notes": result.notes,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (RESULTS / f"{result.name}.json").write_text(text + "\n")


def verdict(row: Row) -> str:
    verdicts = [f"{target}: {'met' if met else 'MISSED'}" for target, met in row.verdicts()]
    return ", ".join(verdicts)


def _by_figures(rows: Iterable[Row]) -> Iterator[list[Row]]:
    def figures(row: Row) -> tuple[str, ...]:
        return tuple(row.figures)

    order = list(dict.fromkeys(figures(row) for row in rows))
    by_order = sorted(rows, key=lambda row: order.index(figures(row)))
    for _, same in groupby(by_order, figures):
        yield list(same)


def _table(rows: list[Row]) -> Table:
    table = Table("")
    for name in rows[0].figures:
        table.add_column(name.replace("_", " "), justify="right")
    has_targets = any(row.targets for row in rows)
    if has_targets:
        table.add_column("target")
    for row in rows:
        cells = [_cell(row, name) for name in row.figures]
        table.add_row(row.what, *cells, *([verdict(row)] if has_targets else []))
    return table


def _cell(row: Row, name: str) -> str:
    values = row.figures[name]
    low, high, middle = min(values), max(values), row.median(name)
    spread = f" ({_short(low)}-{_short(high)})" if low != high else ""
    return f"{_short(middle)}{spread}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _json(row: Row) -> dict[str, Any]:
    figures = {
        name: {
            "median": round(row.median(name), 4),
            "values": [round(value, 4) for value in values],
        }
        for name, values in row.figures.items()
    }
    targets = {str(target): "met" if met else "missed" for target, met in row.verdicts()}
    return {"what": row.what, "figures": figures} | ({"targets": targets} if targets else {})
