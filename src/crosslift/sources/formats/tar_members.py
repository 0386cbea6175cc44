"""The files inside a tar file, and their positions, in one pass that notices a missing end."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError, first_line

_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\x00": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
}
_LONGEST_MAGIC = 6
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1 << 20
_MAGIC_AT = 257
_LARGEST_TEXT = 64 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside a tar file.

    Args:
        name: name with its folders, without a leading ``./``.
        start: start of its bytes in the tar file.
        size: number of its bytes.
        text: its bytes, if requested; None: they were not read.
    """

    name: str
    start: int
    size: int
    text: bytes | None


class CutShortError(Exception):
    """A tar file ends before its end.

    Args:
        what: what is missing.
        inside: it ends within a file; else it ends between two.
    """

    def __init__(self, what: str, inside: bool) -> None:
        self.inside = inside
        super().__init__(what)


def is_tar(path: Path) -> bool:
    """Whether a file is a plain tar file, by its first bytes."""
    with path.open("rb") as file:
        return file.read(_BLOCK)[_MAGIC_AT : _MAGIC_AT + 5] == b"ustar"


def refuse_compressed(path: Path) -> None:
    """Raises if a tar file is compressed, by its first bytes.

    Raises:
        DataError: it is; the remedy says how to unpack it.
    """
    with path.open("rb") as file:
        head = file.read(_LONGEST_MAGIC)
    for magic, (name, tool) in _COMPRESSED.items():
        if head.startswith(magic):
            raise DataError(
                f"{path} is compressed by {name}",
                "a plain tar file, in which pictures can be read where they lie",
                f"unpack it: {tool} {path.name} (pictures are compressed already: it hardly grows)",
            )


def members_of(path: Path, is_text: Callable[[str], bool]) -> Iterator[Member]:
    """The files inside a tar file, without folders.

    Args:
        path: path of the tar file.
        is_text: from the name of a file to whether its bytes are read.

    Raises:
        CutShortError: it ends before its end.
        DataError: it is compressed, damaged, no tar file, or holds a link, a name that is not UTF-8,
            or a text of more than 64 MiB.
    """
    refuse_compressed(path)
    size, end = path.stat().st_size, 0
    with _opened(path) as tar:
        while (info := _next_member(path, tar)) is not None:
            if info.size < 0 or info.offset_data < end:
                raise _damaged_error(path, end)
            if info.offset_data + info.size > size:
                raise CutShortError(f"{info.name!r} is not whole", inside=True)
            end = info.offset_data + -(-info.size // _BLOCK) * _BLOCK
            tar.members.clear()  # type: ignore[attr-defined] # else all headers stay in memory
            if not info.isdir():
                yield _member(path, tar, info, is_text)
    _check_end(path, end)


def _opened(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, mode="r:")  # closed by the caller
    except Exception as error:
        raise DataError(
            f"{path} is no whole tar file: {first_line(error)}", "a plain tar file", "get it again"
        ) from error


def _next_member(path: Path, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return tar.next()
    except tarfile.TarError as error:
        raise CutShortError(str(error), inside=True) from error
    except Exception as error:  # for a damaged header the library raises errors of many types
        raise _damaged_error(path, tar.offset) from error


def _damaged_error(path: Path, at: int) -> DataError:
    return DataError(f"{path} is damaged at byte {at:,}", "a tar header", "get it again")


def _member(
    path: Path, tar: tarfile.TarFile, info: tarfile.TarInfo, is_text: Callable[[str], bool]
) -> Member:
    try:
        info.name.encode()
    except UnicodeEncodeError as error:
        raise DataError(
            f"{path}: the name {info.name!r} is not UTF-8", "names in UTF-8", "pack it again"
        ) from error
    if not info.isfile() or info.issparse():
        raise DataError(
            f"{path}: {info.name} is a link, or no plain file",
            "plain files",
            "pack it again: tar --dereference --hard-dereference --sort=name -cf SHARD.tar FOLDER",
        )
    name = info.name.removeprefix("./")
    if not is_text(name):
        return Member(name, info.offset_data, info.size, None)
    if info.size > _LARGEST_TEXT:
        raise DataError(
            f"{path}: {name} has {info.size:,} bytes", f"a text of at most {_LARGEST_TEXT:,}"
        )
    file = tar.extractfile(info)
    return Member(name, info.offset_data, info.size, b"" if file is None else file.read())


def _check_end(path: Path, end: int) -> None:
    """Raises unless blocks of zeros, and nothing else, follow the last file.

    The library mistakes a truncated or damaged header for the end.
    """
    with path.open("rb") as file:
        file.seek(end)
        block = file.read(_BLOCK)
        if len(block) < _BLOCK:
            raise CutShortError("the mark of its end is missing", inside=False)
        if any(block):
            raise _damaged_error(path, end)
        while chunk := file.read(_CHUNK):
            if any(chunk):
                raise DataError(
                    f"{path} continues after its end-of-archive mark",
                    "one tar file, not several joined",
                    "unpack it (tar --ignore-zeros -xf) and pack it again (tar --sort=name -cf)",
                )
