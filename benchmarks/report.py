"""What comes out: a table to read, and JSON to keep."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Result, Row

RESULTS = Path(__file__).parent / "results"


def show(result: Result, console: Console) -> None:
    """Medians over the repetitions, with the lowest and the highest."""
    console.print(f"[bold]{result.name}[/bold]: {result.about}")
    table = Table()
    names = list(dict.fromkeys(name for row in result.rows.values() for name in row.figures))
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("target")
    for row in result.rows.values():
        table.add_row(row.what, *(_cell(row, name) for name in names), verdict(row))
    console.print(table)
    for note in result.notes:
        console.print(f"  {note}", markup=False, highlight=False)
    console.print()


def keep(result: Result, context: dict[str, Any]) -> None:
    """Writes results/<name>.json, over what was there."""
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
    told = [f"{target}: {'met' if met else 'MISSED'}" for target, met in row.verdicts()]
    return ", ".join(told)


def _cell(row: Row, name: str) -> str:
    values = row.figures.get(name)
    if not values:
        return ""
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
