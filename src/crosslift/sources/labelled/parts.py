"""The labelled examples of a folder or the hub, by split and language, and how to read them."""

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
    """The content of a part: a split of a language (BCP-47)."""

    split: SplitName
    language: str


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one part.

    Args:
        records: N examples in the order of the data, N at least 1.
        labelled: whether they have their labels.
        left_out: reason -> number of skipped rows.
    """

    records: tuple[Record, ...]
    labelled: bool
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LabelledPart:
    """The examples of a split of a language, not read yet.

    Args:
        read: reads them.
        checksum: checksum of all their inputs.
    """

    read: Callable[[], Examples]
    checksum: Callable[[], str]


Parts = Mapping[Key, LabelledPart]
"""All parts of a folder or of the hub."""


def examples_of(rows: Iterable[Row], fields: Fields, language: str, what: str) -> Examples:
    """Makes examples from rows of one language.

    Args:
        rows: rows of one split.
        fields: how a row becomes an example.
        language: BCP-47 code.
        what: name of the data, for errors.

    Raises:
        DataError: no example, a repeated id, labels in only some rows; as the fields.
    """
    records: list[Record] = []
    left_out: Counter[str] = Counter()
    keys: set[str] = set()
    labelled: bool | None = None
    for row in rows:
        if row.broken:
            left_out[row.broken] += 1
            continue
        has_label = fields.labelled(row)
        labelled = has_label if labelled is None else labelled
        if has_label != labelled:
            raise row.fault(
                "a label, but earlier rows have none"
                if has_label
                else "no label, but earlier rows have one",
                "a label in every row, or in none if labels are withheld",
            )
        key = fields.example_id(row, len(records))
        if key in keys:
            raise row.fault(f"the id {key!r} appears twice", "an id for each example")
        keys.add(key)
        record = fields.record(row, key, language, labelled)
        if isinstance(record, str):
            raise row.fault(record, "an example")
        records.append(record)
    if not records:
        raise DataError(f"{what} holds no example", "at least one")
    return Examples(tuple(records), bool(labelled), dict(left_out))


def find_parts(layout: Layout, folder: Path, splits: Sequence[SplitName] = SPLITS) -> Parts:
    """The parts of a folder; empty if it has no file of these splits.

    Args:
        layout: layout of the files.
        folder: folder of the data.
        splits: to look for.

    Raises:
        DataError: a file of several languages, which must be read to find them, is faulty.
    """
    for base in layout.bases(folder):
        parts = _parts_of_files(layout, _files(layout, base, splits))
        if parts:
            return parts
    return {}


def unread_files(
    layout: Layout, folder: Path, splits: Sequence[SplitName] = SPLITS
) -> dict[str, str]:
    """Files whose names differ from those of the parts only in the language code -> why not read.

    Args: as `find_parts`.
    """
    bases = [base for base in layout.bases(folder) if _files(layout, base, splits)]
    base = bases[0] if bases else folder
    read = {path for paths in _files(layout, base, splits).values() for path in paths}
    similar = {
        path
        for split in splits
        for pattern in layout.patterns(split)
        for path in base.glob(pattern.replace("{language}", "*"))
    }
    return {
        encodable(path.relative_to(folder).as_posix()): _NO_CODE for path in sorted(similar - read)
    }


def _files(layout: Layout, base: Path, splits: Sequence[SplitName]) -> dict[Key, list[Path]]:
    """The files of each part; for files with several languages, the language is empty."""
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
    with_language = escaped.replace(re.escape("{language}"), r"(?P<language>[a-z]{2,3})", 1)
    return re.compile(with_language.replace(re.escape("{language}"), "(?P=language)"))


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
    """The parts of files with several languages, which must be read to find them."""
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
        remedy: what the error message suggests instead.
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
