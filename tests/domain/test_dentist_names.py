"""Dentists are found by names as people say and misspell them."""

from uuid import UUID

import pytest

from domain.clinic import Dentist
from services.dentist_names import matching

NAMES = (
    "Dr. Amara Okafor",
    "Dr. Lena Fischer",
    "Dr. Mateo Silva",
    "Prof. Dr. med. dent. Jürgen Müller",
    "Dr. Anna Müller-Lüdenscheidt",
    "Dr. Björn Strauß",
    "Dr. Siobhán O'Connor",
    "Dr. José García Márquez",
    "Dr. Zoë van der Berg",
    "Dr. Anna Meier",
    "Dr. Peter Maier",
    "Dr. Li Wu",
)
DENTISTS = [
    Dentist(UUID(int=number), name, "", UUID(int=0), "Europe/Berlin")
    for number, name in enumerate(NAMES, start=1)
]


def found(said: str) -> list[str]:
    return [each.full_name for each in matching(said, DENTISTS)]


@pytest.mark.parametrize("name", NAMES)
def test_every_dentist_is_found_by_their_own_name_however_it_is_written(name):
    bare = name.replace("Prof. Dr. med. dent. ", "").replace("Dr. ", "")
    first, _, last = bare.partition(" ")
    for said in (name, bare, name.upper(), bare.lower(), f"{last}, {first}", f"Frau Doktor {bare}"):
        assert found(said) == [name], said


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Dr. Fischer", "Dr. Lena Fischer"),
        ("fisher", "Dr. Lena Fischer"),
        ("Fscher", "Dr. Lena Fischer"),
        ("Lena Ficsher", "Dr. Lena Fischer"),
        ("doctor okafor", "Dr. Amara Okafor"),
        ("Amara Okfor", "Dr. Amara Okafor"),
        ("Professor Juergen Mueller", "Prof. Dr. med. dent. Jürgen Müller"),
        ("Jurgen Muller", "Prof. Dr. med. dent. Jürgen Müller"),
        ("Dr Lüdenscheidt", "Dr. Anna Müller-Lüdenscheidt"),
        ("Luedenscheit", "Dr. Anna Müller-Lüdenscheidt"),
        ("Strauss", "Dr. Björn Strauß"),
        ("bei Dr. Bjorn Straus", "Dr. Björn Strauß"),
        ("Siobhan OConnor", "Dr. Siobhán O'Connor"),
        ("O\u2019Connor", "Dr. Siobhán O'Connor"),
        ("oconnor", "Dr. Siobhán O'Connor"),
        ("Garcia Marquez", "Dr. José García Márquez"),
        ("Zoe van den Berg", "Dr. Zoë van der Berg"),
        ("vandenberg", "Dr. Zoë van der Berg"),
        ("Dr Wu", "Dr. Li Wu"),
        ("with Doctor Silva please", "Dr. Mateo Silva"),
    ],
)
def test_titles_accents_order_and_small_typos_do_not_matter(said, name):
    assert found(said) == [name]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Müller", {"Prof. Dr. med. dent. Jürgen Müller", "Dr. Anna Müller-Lüdenscheidt"}),
        ("Dr. Mueller", {"Prof. Dr. med. dent. Jürgen Müller", "Dr. Anna Müller-Lüdenscheidt"}),
        ("Anna", {"Dr. Anna Müller-Lüdenscheidt", "Dr. Anna Meier"}),
        ("Mayer", {"Dr. Anna Meier", "Dr. Peter Maier"}),
    ],
)
def test_a_name_that_fits_several_is_asked_back(said, names):
    assert set(found(said)) == names


def test_an_exact_name_is_preferred_to_a_similar_one():
    assert found("Dr. Meier") == ["Dr. Anna Meier"]
    assert found("Maier") == ["Dr. Peter Maier"]


@pytest.mark.parametrize(
    "said", ["Schmidt", "Dr.", "", "  ", "Wo", "Xu", "Lena Schmidt", "💊", "7"]
)
def test_a_name_that_fits_nobody_finds_nobody(said):
    assert found(said) == []
