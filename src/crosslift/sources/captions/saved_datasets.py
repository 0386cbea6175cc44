"""Folders that `datasets` has written with ``save_to_disk``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosslift.errors import DataError, first_line
from crosslift.sources.captions.columns import ID_NAMES, bind
from crosslift.sources.captions.dataset_rows import dataset_entries, datasets_library
from crosslift.sources.captions.entry import CaptionEntry

_ENDINGS = (".arrow", ".json")


@dataclass(frozen=True, slots=True)
class SavedDataset:
    """A dataset, or several splits of one, as ``save_to_disk`` writes them.

    Args:
        folder: folder of the dataset.
    """

    folder: Path

    @property
    def format(self) -> str:
        """Its name."""
        return "datasets"

    @property
    def takes_columns(self) -> bool:
        """Returns True."""
        return True

    @property
    def keeps_repeats(self) -> bool:
        """Returns False."""
        return False

    def files(self) -> list[Path]:
        """The tables and their metadata."""
        return sorted(p for p in self.folder.rglob("*") if p.suffix in _ENDINGS and p.is_file())

    def entries(self, columns: Mapping[str, str]) -> Iterator[CaptionEntry]:
        """One for each row, split after split; bytes of pictures are not read.

        Raises:
            DataError: `datasets` is not installed, the folder is damaged, or a row is faulty.
        """
        for name, dataset in self._splits().items():
            where = str(self.folder / name)
            binding = bind(dataset.column_names, columns, where, ids=ID_NAMES)
            id_prefix, places = name or self.folder.name, (self.folder,)
            for entry in dataset_entries(dataset, binding, where, id_prefix, places):
                yield entry if entry.split else replace(entry, split=name or None)

    def _splits(self) -> dict[str, Any]:
        """Name of a split -> dataset; an empty name if there is only one, without a name."""
        library = datasets_library(
            "datasets", "save the data as parquet files, which do not need it"
        )
        try:
            loaded = library.load_from_disk(str(self.folder))
        except Exception as error:
            raise DataError(
                f"{self.folder} cannot be read: {first_line(error)}",
                "a folder written by save_to_disk",
            ) from error
        return dict(loaded) if isinstance(loaded, dict) else {"": loaded}


def is_saved_dataset(folder: Path) -> bool:
    """Whether a folder has the layout of ``save_to_disk``."""
    one = (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()
    return one or (folder / "dataset_dict.json").is_file()
