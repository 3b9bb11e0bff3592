"""docs/lifecycle.md says what the transition table says."""

import re

from docs import lifecycle
from domain.booking import LIVE, RULES, Status


def test_the_page_is_the_one_that_the_table_makes():
    assert lifecycle.PAGE.read_text() == lifecycle.page(), "run `python -m docs.lifecycle`"


def test_the_diagram_shows_every_move_and_no_other():
    drawn = {
        (before, after)
        for before, after in re.findall(r"^ +(\w+) --> (\w+):", lifecycle.page(), re.MULTILINE)
    }
    moves = {move for rule in RULES.values() for move in rule.transitions.items()}
    moves |= {
        move for rule in RULES.values() for move in (rule.transitions_with_approval or {}).items()
    }
    assert drawn == moves


def test_the_diagram_ends_in_the_terminal_states():
    ends = set(re.findall(r"^ +(\w+) --> \[\*\]$", lifecycle.page(), re.MULTILINE))
    assert ends == set(Status) - LIVE
