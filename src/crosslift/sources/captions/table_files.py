"""Tables of pictures and captions, and folders of pictures with such a table."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.captions.columns import Binding, bind, entry_of
from crosslift.sources.captions.entry import CaptionEntry
from crosslift.sources.file_names import inside
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.table_types import reader_of

USER_TABLE = "table"
"""The format of tables that users write."""


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Tables whose rows name a picture and hold a caption, or a list of captions.

    A table that users write may name any file of their machine. The pictures of an image folder,
    which is a format of publications, must be in it (`file_names.inside`).

    Args:
        tables: path -> split in its name; None: its name says none.
        base: folder that ids of pictures are relative to.
        format: "table" or "imagefolder".
    """

    tables: Mapping[Path, str | None]
    base: Path
    format: str = USER_TABLE

    @property
    def takes_columns(self) -> bool:
        """Returns True."""
        return True

    @property
    def keeps_repeats(self) -> bool:
        """Returns False: a repeated row is a mistake."""
        return False

    def files(self) -> list[Path]:
        """The tables."""
        return list(self.tables)

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each row.

        Raises:
            DataError: as `bind` and `entry_of`; a table without a row; a picture outside an image
                folder.
        """
        for path, split in self.tables.items():
            rows = list(reader_of(path)(path))
            if not rows:
                raise DataError(f"{path} holds no row", "at least one")
            names = dict.fromkeys(name for row in rows for name in row.values)
            binding = bind(names, columns, str(path))
            for row in rows:
                entry = self._entry(path, row, binding)
                yield entry if entry.split else replace(entry, split=split)

    def _entry(self, path: Path, row: Row, binding: Binding) -> CaptionEntry:
        name = row.values.get(binding.image)
        if name is not None and not isinstance(name, str):
            raise row.fault(f"{binding.image!r} holds {short(name)}", "the path of a picture")
        if not name or not name.strip():
            return entry_of(row, binding, None, row.place)
        picture = path.parent / name.strip()
        if self.format != USER_TABLE:
            inside(self.base, picture, row.place)
        return entry_of(row, binding, picture, self._id(picture))

    def _id(self, picture: Path) -> str:
        below = picture.is_relative_to(self.base)
        return posixpath.normpath((picture.relative_to(self.base) if below else picture).as_posix())
