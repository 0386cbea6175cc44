"""Which labelled examples a folder or the hub has, by split and language, and how they are read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from crosslift.errors import DataError, encodable
from crosslift.sources.dataset_files import Layout, checksum_of_files
from crosslift.sources.fields import Fields
from crosslift.sources.formats.rows import Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.record import SPLITS, Record, SplitName

_NO_CODE = "not named by a language code of two or three letters"


class Key(NamedTuple):
    """What a part holds: a split of a language (BCP-47)."""

    split: SplitName
    language: str


@dataclass(frozen=True, slots=True)
class Examples:
    """What was read of one part.

    Args:
        records: N examples in the order of the data, N at least 1.
        labelled: whether they have their labels.
        left_out: reason -> number of rows that are no example.
    """

    records: tuple[Record, ...]
    labelled: bool
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LabelledPart:
    """The examples of a split of a language, not read yet.

    Args:
        read: reads them.
        checksum: of everything they are made of.
    """

    read: Callable[[], Examples]
    checksum: Callable[[], str]


Parts = Mapping[Key, LabelledPart]
"""All parts of a folder or of the hub."""


def examples_of(rows: Iterable[Row], fields: Fields, language: str, what: str) -> Examples:
    """Rows of one language as examples.

    Args:
        rows: of one split.
        fields: how a row becomes an example.
        language: BCP-47 code.
        what: what is read, for errors.

    Raises:
        DataError: no example, an id that is there twice, labels in some rows alone; as the fields.
    """
    records: list[Record] = []
    left_out: Counter[str] = Counter()
    seen: set[str] = set()
    labelled: bool | None = None
    for row in rows:
        if row.broken:
            left_out[row.broken] += 1
            continue
        has = fields.labelled(row)
        labelled = has if labelled is None else labelled
        if has != labelled:
            raise row.fault(
                "a label, where rows before have none"
                if has
                else "no label, where rows before have one",
                "a label in every row, or in none where labels are withheld",
            )
        key = fields.example_id(row, len(records))
        if key in seen:
            raise row.fault(f"the id {key!r} appears twice", "an id for each example")
        seen.add(key)
        record = fields.record(row, key, language, labelled)
        if isinstance(record, str):
            raise row.fault(record, "an example")
        records.append(record)
    if not records:
        raise DataError(f"{what} holds no example", "one at least")
    return Examples(tuple(records), bool(labelled), dict(left_out))


def find_parts(layout: Layout, folder: Path, splits: Sequence[SplitName] = SPLITS) -> Parts:
    """The parts of a folder; none where it has no file of these splits.

    Args:
        layout: of the files.
        folder: of the data.
        splits: those wanted.

    Raises:
        DataError: a file of several languages, which is read for them, is at fault.
    """
    for base in layout.bases(folder):
        parts = _parts_of_files(layout, _files(layout, base, splits))
        if parts:
            return parts
    return {}


def unread_files(
    layout: Layout, folder: Path, splits: Sequence[SplitName] = SPLITS
) -> dict[str, str]:
    """Files named like those of the parts but for the code of the language -> why they are not read.

    Args: as of `find_parts`.
    """
    bases = [base for base in layout.bases(folder) if _files(layout, base, splits)]
    base = bases[0] if bases else folder
    read = {path for paths in _files(layout, base, splits).values() for path in paths}
    alike = {
        path
        for split in splits
        for pattern in layout.patterns(split)
        for path in base.glob(pattern.replace("{language}", "*"))
    }
    return {
        encodable(path.relative_to(folder).as_posix()): _NO_CODE for path in sorted(alike - read)
    }


def _files(layout: Layout, base: Path, splits: Sequence[SplitName]) -> dict[Key, list[Path]]:
    """The files of each part; the language of files that hold several is empty."""
    files: dict[Key, list[Path]] = {}
    for split in splits:
        for pattern in layout.patterns(split):
            regex = _regex(pattern)
            for path in base.glob(pattern.replace("{language}", "*")):
                match = regex.fullmatch(path.relative_to(base).as_posix())
                if match and path.is_file():
                    language = match.groupdict().get("language", "")
                    files.setdefault(Key(split, language), []).append(path)
    return files


def _regex(pattern: str) -> re.Pattern[str]:
    escaped = re.escape(pattern).replace(r"\*", "[^/]*")
    named = escaped.replace(re.escape("{language}"), r"(?P<language>[a-z]{2,3})", 1)
    return re.compile(named.replace(re.escape("{language}"), "(?P=language)"))


def _parts_of_files(layout: Layout, files: Mapping[Key, Sequence[Path]]) -> dict[Key, LabelledPart]:
    parts: dict[Key, LabelledPart] = {}
    for key, unsorted in files.items():
        paths = sorted(set(unsorted))
        if layout.language_of is None:
            parts[key] = _part_of_files(layout, key, paths)
        else:
            parts |= _parts_of_languages(layout, layout.language_of, key.split, paths)
    return parts


def _part_of_files(layout: Layout, key: Key, paths: Sequence[Path]) -> LabelledPart:
    def read() -> Examples:
        rows = (row for path in paths for row in layout.read(path))
        return examples_of(rows, layout.fields, key.language, ", ".join(map(str, paths)))

    return LabelledPart(read, lambda: checksum_of_files(paths))


def _parts_of_languages(
    layout: Layout, language_of: Callable[[Row], str], split: SplitName, paths: Sequence[Path]
) -> dict[Key, LabelledPart]:
    """The parts of files of several languages, which are read for them."""
    rows: dict[str, list[Row]] = {}
    for path in paths:
        for row in layout.read(path):
            rows.setdefault(language_of(row), []).append(row)
    what = ", ".join(map(str, paths))

    def part(language: str) -> LabelledPart:
        return LabelledPart(
            lambda: examples_of(rows[language], layout.fields, language, what),
            lambda: checksum_of_files(paths),
        )

    return {Key(split, language): part(language) for language in rows}


def hub_parts(hub: HubDataset, remedy: str) -> Parts:
    """The dev and test parts of a dataset of the hub; nothing is fetched yet.

    Args:
        hub: with a config for each language.
        remedy: what an error says to do instead.
    """
    names: dict[SplitName, tuple[str, ...]] = {"dev": hub.dev, "test": hub.test}
    return {
        Key(split, language): _hub_part(hub, language, names[split], remedy)
        for split in names
        for language in hub.configs
        if names[split] and not (split == "dev" and language in hub.without_dev)
    }


def _hub_part(hub: HubDataset, language: str, names: tuple[str, ...], remedy: str) -> LabelledPart:
    part = replace(hub.in_language(language), dev=names)

    def read() -> Examples:
        rows = part.rows("dev", remedy)
        if part.language_of is not None:
            language_of = part.language_of
            rows = (row for row in rows if language_of(row) == language)
        what = f"{part.name} of the hub, split {names[0]}"
        return examples_of(rows, part.fields, language, what)

    return LabelledPart(read, lambda: part.checksum(remedy))
