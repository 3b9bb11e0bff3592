"""The mutants keep up with the code that they are made of."""

import pytest

from tests.mutant_list import MUTANTS
from tests.mutants import CHECKOUT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutated_text_stands_in_its_file_once(mutant):
    for patch in mutant.patches:
        text = (CHECKOUT / patch.file).read_text()
        assert text.count(patch.old) == 1, patch.old


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_tests_of_a_mutant_exist(mutant):
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (CHECKOUT / "tests" / file).read_text()


def test_there_are_thirty_mutants():
    assert len({mutant.name for mutant in MUTANTS}) >= 30
