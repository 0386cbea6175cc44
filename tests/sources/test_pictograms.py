from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from crosslift.sources.pictograms import (
    NAME_LANGUAGES,
    Concept,
    checksum,
    load_concepts,
    split_of,
)


@pytest.fixture(scope="module")
def concepts() -> tuple[Concept, ...]:
    return load_concepts()


def by_name(concepts: tuple[Concept, ...]) -> dict[str, Concept]:
    return {concept.names["en"]: concept for concept in concepts}


def concept(number: int, name: str, *aliases: str, base: str = "") -> Concept:
    code = f"{number:04X}"
    return Concept(code, base or code, Path(f"{code}.svg"), {"en": name}, aliases)


def test_concepts_have_pictures_and_names(concepts: tuple[Concept, ...]) -> None:
    assert len(concepts) > 1_850
    assert len({c.id for c in concepts}) == len(concepts)
    assert len(NAME_LANGUAGES) == 13
    for one in concepts:
        assert one.picture.suffix == ".svg" and one.picture.is_file()
        assert one.names["en"] and set(one.names) <= {"en", *NAME_LANGUAGES}
        assert not [n for n in (*one.names.values(), *one.aliases) if "_" in n or n[:1] == ":"]


def test_names_and_aliases_of_known_concepts(concepts: tuple[Concept, ...]) -> None:
    known = by_name(concepts)
    unicorn = known["unicorn"]
    assert unicorn.id == unicorn.base == "1F984"
    assert unicorn.names["de"] == "einhorn" and unicorn.names["zh"] == "独角兽"
    assert unicorn.aliases == ("unicorn face",)
    assert known["Chad"].aliases == ("flag for Chad",)  # "chad" is the name itself
    assert known["avocado"].aliases == ()


def test_no_skin_tone_is_a_concept(concepts: tuple[Concept, ...]) -> None:
    assert not [c.id for c in concepts if any(f"1F3F{digit}" in c.id for digit in "BCDEF")]


def test_bases(concepts: tuple[Concept, ...]) -> None:
    known = by_name(concepts)
    assert known["Chad"].base == known["Chad"].id == "1F1F9-1F1E9"
    assert known["keycap #"].base == known["keycap #"].id
    assert known["Scotland"].base == known["Scotland"].id
    assert known["pirate flag"].base == known["black flag"].base == "1F3F4"
    assert known["woman running"].base == known["person running"].base == "1F3C3"
    trades = [known[f"{who} technologist"].base for who in ("man", "woman")]
    assert {*trades, known["technologist"].base} == {"1F9D1"}


def test_split_has_its_sizes_and_keeps_groups_whole(concepts: tuple[Concept, ...]) -> None:
    split = split_of(concepts)
    assert set(split) == {c.id for c in concepts}
    sizes = Counter(split.values())
    assert sizes["test"] == 400 and sizes["dev"] == 100
    sides: dict[str, set[str]] = {}
    for one in concepts:
        words = (f"base {one.base}", one.names["en"], *one.aliases)
        for word in words:
            sides.setdefault(word.casefold(), set()).add(split[one.id])
    assert [word for word, where in sides.items() if len(where) > 1] == []


def test_split_depends_on_the_concepts_only(concepts: tuple[Concept, ...]) -> None:
    assert split_of(concepts) == split_of(concepts[::-1])


def test_people_train(concepts: tuple[Concept, ...]) -> None:
    split = split_of(concepts)
    assert {split[c.id] for c in concepts if c.base == "1F9D1"} == {"train"}


def test_a_shared_alias_joins_two_bases() -> None:
    made = [concept(i, f"thing {i}") for i in range(900)]
    chain = [concept(2000, "Calendar"), concept(2001, "date", "calendar"), concept(2002, "DATE")]
    split = split_of([*made, *chain])
    assert len({split[c.id] for c in chain}) == 1
    assert Counter(split.values()) == {"test": 400, "dev": 100, "train": 403}


def test_a_group_above_forty_trains_and_names_of_marks_join_nothing() -> None:
    large = [concept(i, f"variant {i}", base="0000") for i in range(41)]
    marks = [concept(100, "!"), concept(101, "?")]
    split = split_of([*large, *marks])
    assert Counter(split.values()) == {"train": 41, "test": 2}


def test_checksum_is_stable() -> None:
    assert checksum() == checksum() and len(checksum()) == 64
