"""Texts to mine: a file of one text a line, plain or gzipped, read once and checked while reading."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crosslift.errors import DataError, nearest
from crosslift.sources.file_names import exists, is_folder
from crosslift.sources.gunzip import gunzipped

_GZIP = b"\x1f\x8b"
_UNREADABLE = {
    rb"\xfd7zXZ\x00": ("compressed by xz", "xz -dc {name} > {name}.txt"),
    rb"BZh[1-9]1AY&SY": ("compressed by bzip2", "bzip2 -dc {name} > {name}.txt"),
    rb"\x28\xb5\x2f\xfd": ("compressed by zstd", "zstd -dc {name} > {name}.txt"),
    rb"PK\x03\x04": ("a zip archive", "unzip {name}"),
    rb"\xff\xfe|\xfe\xff": ("UTF-16", "iconv -f UTF-16 -t UTF-8 {name} > {name}.txt"),
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINES_BETWEEN_CALLS = 10_000
_BREAKS_A_ROW = re.compile(r"[\t\r]")


@dataclass(frozen=True, slots=True)
class TextLines:
    """The lines of a file.

    Args:
        path: the file.
        texts: one a line, without line ends; nothing else is removed.
        checksum: SHA-256 of the file's bytes after decompression, 64 hexadecimal digits.
    """

    path: Path
    texts: Sequence[str]
    checksum: str


def read_text_lines(path: Path, advance: Callable[[int], None] | None = None) -> TextLines:
    """Reads one text a line of a UTF-8 file, plain or gzipped, in one pass.

    The first bytes decide whether it is gzipped, not the name; it may be a pipe. Lines end only
    with LF or CRLF; a byte order mark is dropped; one line end at the end of the file
    starts no further line.

    Args:
        path: the file.
        advance: called from time to time with the number of lines read so far; None: not called.

    Raises:
        DataError: no such file (the message names similar ones), an empty one, another compression
            or encoding, bytes that are not UTF-8 (the error names the line), a broken gzip file or
            one that decompresses to more than `gunzip.MOST_EXPANSION` times its size, a file that
            changes while it is read.
    """
    digest, texts = hashlib.sha256(), []
    for line, data in enumerate(_lines(path), start=1):
        digest.update(data)
        texts.append(_text(path, line, data))
        if advance is not None and line % _LINES_BETWEEN_CALLS == 0:
            advance(line)
    if not texts:
        raise DataError(f"{path} is empty", "one text a line")
    if advance is not None:
        advance(len(texts))
    return TextLines(path, texts, digest.hexdigest())


def refuse_tabs(lines: TextLines) -> None:
    """Raises if a text cannot be a cell of a tab-separated file.

    A tab, or a carriage return inside a line, would break the written rows. Neither is
    replaced: a tab most often means that the file is a table, whose ids would be mined as text.

    Raises:
        DataError: a text has a tab or a carriage return; the message has the first line and the count.
    """
    bad = [i for i, text in enumerate(lines.texts) if _BREAKS_A_ROW.search(text)]
    if not bad:
        return
    name = lines.path.name
    tab = "\t" in lines.texts[bad[0]]
    raise DataError(
        f"{lines.path}, line {bad[0] + 1}: a {'tab' if tab else 'carriage return'} inside the text "
        f"{_short(lines.texts[bad[0]])!r} ({len(bad)} of {len(lines.texts)} lines have one)",
        "one text a line, not a table",
        f"extract the column of texts (`cut -f 2 {name}`), or replace these characters "
        f"by spaces (`tr '\\t\\r' '  ' < {name}`)",
    )


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Reads pairs of texts: a UTF-8 file, plain or gzipped, of ``src text<TAB>tgt text``.

    Returns:
        The pairs in the order of the file, without space at the ends of the texts.

    Raises:
        DataError: as `read_text_lines`; a line without exactly two columns, or with an empty one.
    """
    pairs = []
    for line, text in enumerate(read_text_lines(path).texts, start=1):
        cells = [cell.strip() for cell in text.split("\t")]
        if len(cells) != 2 or not all(cells):
            raise DataError(
                f"{path}, line {line}: {len([c for c in cells if c])} texts in {_short(text)!r}",
                "two texts separated by one tab: src text, tgt text",
            )
        pairs.append((cells[0], cells[1]))
    return pairs


def refuse_missing(path: Path) -> None:
    """Raises unless there is a file, or a pipe, to read.

    Raises:
        DataError: it does not exist (the message names similar files), or is a folder.
    """
    if is_folder(path):
        raise DataError(f"{path} is a folder", "a file of one text a line")
    if exists(path):
        return
    folder = path.parent
    if not is_folder(folder):
        raise DataError(f"{path} does not exist: there is no folder {folder}", "a file")
    near = nearest(path.name, [p.name for p in folder.iterdir() if p.is_file()])
    hint = f"did you mean {' or '.join(str(folder / n) for n in near)}?" if near else None
    raise DataError(f"{path} does not exist", "a file of one text a line", hint)


def _lines(path: Path) -> Iterator[bytes]:
    refuse_missing(path)
    try:
        with path.open("rb") as file:
            before = _state(os.fstat(file.fileno()))
            with _unpacked(path, file) as plain:
                yield from plain
            if before is not None and not _same(path, before, os.fstat(file.fileno())):
                raise DataError(f"{path} changed while it was read", "a file that does not change")
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}", "a readable file"
        ) from error


@contextmanager
def _unpacked(path: Path, file: io.BufferedReader) -> Iterator[BinaryIO]:
    head = file.peek(16)[:16]
    if head.startswith(_GZIP):
        with gunzipped(file, path) as plain:
            yield plain
        return
    for pattern, (kind, command) in _UNREADABLE.items():
        if re.match(pattern, head):
            remedy = f"for example: {command.format(name=path.name)}"
            raise DataError(f"{path} is {kind}", "UTF-8 text, plain or gzipped", remedy)
    yield file


def _text(path: Path, line: int, data: bytes) -> str:
    raw = data.removesuffix(b"\n").removesuffix(b"\r")
    if line == 1:
        raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}, line {line}: byte 0x{raw[error.start]:02x} is not UTF-8",
            "text in UTF-8",
            f"convert the file, for example: iconv -f ENCODING -t UTF-8 {path.name}",
        ) from error


def _state(file_stat: os.stat_result) -> tuple[int, int, int] | None:
    """The values that show whether a file changed; None for a pipe, which has none."""
    regular = stat.S_ISREG(file_stat.st_mode)
    return (file_stat.st_ino, file_stat.st_size, file_stat.st_mtime_ns) if regular else None


def _same(path: Path, before: tuple[int, int, int], now: os.stat_result) -> bool:
    return exists(path) and before == _state(now) == _state(path.stat())


def _short(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."
