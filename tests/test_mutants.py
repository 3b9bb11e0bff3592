"""The mutants keep up with the code that they are made of."""

import pytest

from tests.mutants import CHECKOUT, MUTANTS


@pytest.mark.parametrize("letter", MUTANTS)
def test_what_a_mutant_changes_is_there_once(letter: str):
    for patch in MUTANTS[letter].patches:
        text = (CHECKOUT / patch.file).read_text()
        assert text.count(patch.old) == 1, patch.old
