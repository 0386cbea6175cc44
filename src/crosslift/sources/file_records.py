"""The records of a user's files: read once in a run, refused if the files change meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from crosslift.artifacts.code import code_of, import_closure
from crosslift.artifacts.read_once import read_once
from crosslift.errors import DataError
from crosslift.sources.checksums import sha256_by_meaning
from crosslift.sources.dataset_files import checksum_by_meaning
from crosslift.sources.record import Record
from crosslift.sources.stored_records import hold_records

Read = Callable[[], Iterable[Record]]

_MOST_HELD = 4
"""Tasks whose records are in memory at once."""


def _key(files: Mapping[str, Path], read: Read, facts: object) -> tuple[str, ...]:
    return checksum_by_meaning(files), read.__module__, read.__qualname__, repr(facts)


@read_once(key=_key, most=_MOST_HELD)
def records_of_files(files: Mapping[str, Path], read: Read, facts: object) -> Sequence[Record]:
    """The records of some files, as `hold_records` returns them.

    Args:
        files: what the name of each file means -> the file, as in `sha256_by_meaning`.
        read: yields the records of the files.
        facts: everything besides the files and the code of `read` that determines the records,
            JSON-like.

    Raises:
        DataError: a file cannot be read; it changed since the run took its checksum.
    """
    checksum = checksum_by_meaning(files)

    def unchanged() -> Iterator[Record]:
        yield from read()
        if sha256_by_meaning(files) != checksum:
            raise DataError(
                f"{', '.join(map(str, files.values()))} changed after the run began to read it",
                "files that do not change during a run",
                "run it again: what depends on the new content is made again",
            )

    def everything() -> object:
        code = code_of(import_closure([read.__module__]))
        return {"files": checksum, "facts": facts, "read": read.__qualname__, "code": code}

    return hold_records(unchanged, everything)
