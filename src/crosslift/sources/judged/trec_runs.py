"""Run files of TREC: the passages that a search system ranks for each query."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from crosslift.errors import DataError, first_few
from crosslift.sources.text_files import lines_in

_COLUMNS = 6
_EXPECTED = "a query, Q0, a passage, a rank, a score and a tag, with spaces or tabs between them"
ENDS = (".run", ".run.gz")
"""Endings of the names of run files in a folder."""


class RankedPassage(NamedTuple):
    """One line of a run file.

    Args:
        passage: its id.
        score: higher is better.
        place: file and row, for errors.
    """

    passage: str
    score: float
    place: str


def read_trec_run(path: Path) -> dict[str, list[RankedPassage]]:
    """Query -> its passages, the best first, in the order of trec_eval: by score, and equal scores by
    the bytes of the passage's id, descending. The ranks in the file are ignored.

    Args:
        path: path of the file, which may end with ``.gz``.

    Raises:
        DataError: a line with another number of columns, a score that is no finite number, a passage
            that a query has twice, or no line.
    """
    ranked: dict[str, dict[str, RankedPassage]] = {}
    for query, passage in _rows(path):
        former = ranked.setdefault(query, {}).setdefault(passage.passage, passage)
        if former is not passage:
            raise DataError(
                f"{passage.place}: query {query!r} has the passage {passage.passage!r} a second time, "
                f"after {former.place}",
                "each passage once for a query",
                "delete one of the rows",
            )
    if not ranked:
        raise DataError(f"{path} has no line", _EXPECTED)
    return {
        query: sorted(rows.values(), key=_order, reverse=True) for query, rows in ranked.items()
    }


def _order(row: RankedPassage) -> tuple[float, bytes]:
    return row.score, row.passage.encode()


def _rows(path: Path) -> Iterator[tuple[str, RankedPassage]]:
    for number, line in enumerate(lines_in(path), 1):
        cells = line.split()
        if not cells:
            continue
        place = f"{path}, row {number}"
        if len(cells) != _COLUMNS:
            raise DataError(f"{place}: {first_few(cells, _COLUMNS)}", _EXPECTED)
        query, _, passage, _, score, _ = cells
        yield query, RankedPassage(passage, _score(score, place), place)


def _score(cell: str, place: str) -> float:
    try:
        score = float(cell)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise DataError(f"{place}: score {cell!r}", "a number", "put a number there")
    return score


def runs_in(path: Path, target: str) -> Mapping[str, Path]:
    """Language in the name of a run file -> the file.

    Args:
        path: a run file ``NAME.LANGUAGE.run`` (also with ``.gz``), or a folder of them, as
            `crosslift trec` writes them.
        target: name of the target; if a folder has files of that NAME, others are not read.

    Raises:
        DataError: a folder without such files, or with two for one language.
    """
    if path.is_file():
        return {_name(path).rpartition(".")[2]: path}
    names = {file: _name(file) for file in sorted(path.iterdir()) if _name(file)}
    of_target = {file: name for file, name in names.items() if name.startswith(f"{target}.")}
    files: dict[str, Path] = {}
    for file, name in (of_target or names).items():
        language = name.rpartition(".")[2]
        if language in files:
            raise DataError(
                f"{path} has two run files for {language!r}: {files[language].name} and {file.name}",
                "one for each language",
                f"name those of the target {target}.LANGUAGE.run",
            )
        files[language] = file
    if not files:
        raise DataError(f"{path} has no run file", "files NAME.LANGUAGE.run, or one run file")
    return files


def _name(file: Path) -> str:
    """The name of a run file without its end; empty for other files."""
    return next((file.name.removesuffix(end) for end in ENDS if file.name.endswith(end)), "")


def has_runs(path: Path) -> bool:
    """Whether a path is a file, or a folder of run files."""
    return path.is_file() or (path.is_dir() and any(map(_name, path.iterdir())))
