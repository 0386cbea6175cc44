"""The entries of a folder of data."""

from __future__ import annotations

from pathlib import Path

from crosslift.errors import DataError


def entries_of(folder: Path, what: str, remedy: str | None = None) -> list[Path]:
    """The files and folders in a folder, by name.

    Args:
        folder: folder of data.
        what: what it should be, for the error ("a folder of bitexts").
        remedy: what the error message advises.

    Raises:
        DataError: no such folder, or it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{folder} is not a folder", what, remedy) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{str(folder)[:200]} cannot be read: {reason}", what, remedy) from error
