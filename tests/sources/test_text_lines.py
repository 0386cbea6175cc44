"""Files of one text a line: plain, gzipped, and every way in which they are at fault."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import threading
from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.sources import gunzip
from crosslift.sources.text_lines import read_pairs, read_text_lines, refuse_missing, refuse_tabs

LINES = ["ein Hund", "", "  zwei\u2028Zeilen ", "größer", "\U0001f600"]


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_are_no_text(
    tmp_path: Path, end: bytes, last: bool, mark: bytes
) -> None:
    data = mark + end.join(line.encode() for line in LINES) + (end if last else b"")
    lines_read = read_text_lines(write(tmp_path / "a.txt", data))
    assert lines_read.texts == LINES
    assert lines_read.checksum == hashlib.sha256(data).hexdigest()


def test_only_the_first_line_loses_a_byte_order_mark(tmp_path: Path) -> None:
    lines_read = read_text_lines(write(tmp_path / "a.txt", "a\n\ufeffb\n".encode()))
    assert lines_read.texts == ["a", "\ufeffb"]


def test_gzip_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    data = "\n".join(LINES).encode()
    plain = read_text_lines(write(tmp_path / "named.gz", data))
    packed = read_text_lines(write(tmp_path / "named.txt", gzip.compress(data, mtime=0)))
    assert plain.texts == packed.texts == LINES
    assert plain.checksum == packed.checksum
    parts = gzip.compress(data[:7], mtime=0) + gzip.compress(data[7:])
    assert read_text_lines(write(tmp_path / "parts", parts)).texts == LINES


def test_gzip_that_expands_without_bound_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gunzip, "ALWAYS_READ", 1 << 20)
    zeros = gzip.compress(b"0" * ((1 << 20) + 1))
    with pytest.raises(DataError, match=r"a\.txt decompresses to more than 200 times its size"):
        read_text_lines(write(tmp_path / "a.txt", zeros))
    usual = b"".join(b"%d a usual line of text\n" % (number**3) for number in range(40_000))
    assert len(usual) > 1 << 20
    lines_read = read_text_lines(write(tmp_path / "b.txt", gzip.compress(usual)))
    assert len(lines_read.texts) == 40_000


def test_a_pipe_will_do(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(gzip.compress(b"a\nb\n", mtime=0)))
    writer.start()
    refuse_missing(path)
    assert read_text_lines(path).texts == ["a", "b"]
    writer.join()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.txt is empty"),
        (gzip.compress(b"", mtime=0), "a.txt is empty"),
        (b"gut\nauch gut\nk\xe4se\n", "line 3: byte 0xe4 is not UTF-8"),
        (gzip.compress(b"gut\nk\xe4se\n", mtime=0), "line 2: byte 0xe4 is not UTF-8"),
        (b"x" * 200_000 + b"\n\xff\n", "line 2: byte 0xff is not UTF-8"),
        (gzip.compress(b"gut\n" * 99, mtime=0)[:-6], "not a whole gzip file"),
        (gzip.compress(b"gut\n", mtime=0) + b"more", "not a whole gzip file"),
        (b"\x1f\x8bno gzip at all", "not a whole gzip file"),
        ("gut\n".encode("utf-16"), "is UTF-16"),
        (lzma.compress(b"gut\n"), "compressed by xz"),
        (bz2.compress(b"gut\n"), "compressed by bzip2"),
        (b"\x28\xb5\x2f\xfd\x00\x00", "compressed by zstd"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(DataError) as raised:
        read_text_lines(write(tmp_path / "a.txt", data))
    assert message in str(raised.value)
    assert str(tmp_path / "a.txt") in str(raised.value)


def test_a_broken_gzip_body_is_told(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(os.urandom(4000).hex().encode()))
    data[2000] ^= 0xFF
    with pytest.raises(DataError, match="not a whole gzip file"):
        read_text_lines(write(tmp_path / "a.gz", bytes(data)))


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path / "news.de.txt", b"a\n")
    with pytest.raises(DataError) as raised:
        read_text_lines(tmp_path / "new.de.txt")
    assert "new.de.txt does not exist" in str(raised.value)
    assert str(tmp_path / "news.de.txt") in str(raised.value)
    with pytest.raises(DataError, match="is a folder"):
        read_text_lines(tmp_path)
    with pytest.raises(DataError, match="there is no folder"):
        read_text_lines(tmp_path / "nowhere" / "a.txt")


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, replaced: bool) -> None:
    path = write(tmp_path / "a.txt", b"line\n" * 20_000)

    def change(line: int) -> None:
        if line != 10_000:
            return
        if replaced:
            other = write(tmp_path / "other", path.read_bytes())
            other.replace(path)
        else:
            with path.open("ab") as file:
                file.write(b"more\n")

    with pytest.raises(DataError, match="changed while it was read"):
        read_text_lines(path, change)


def test_progress_is_told_in_lines(tmp_path: Path) -> None:
    counts: list[int] = []
    read_text_lines(write(tmp_path / "a.txt", b"a\n" * 25_000), counts.append)
    assert counts == [10_000, 20_000, 25_000]


@pytest.mark.parametrize(
    ("text", "kind"), [("17\tein Hund", "tab"), ("ein\rHund", "carriage return")]
)
def test_what_would_break_a_row_is_refused_not_replaced(
    tmp_path: Path, text: str, kind: str
) -> None:
    lines = read_text_lines(write(tmp_path / "a.txt", f"gut\n{text}\nx\n{text}\n".encode()))
    with pytest.raises(DataError) as raised:
        refuse_tabs(lines)
    message = str(raised.value)
    assert f"line 2: a {kind} inside the text {text!r} (2 of 4 lines have one)" in message
    assert "cut -f 2 a.txt" in message
    refuse_tabs(read_text_lines(write(tmp_path / "b.txt", b"gut\r\nauch\r\n")))


def test_pairs_are_two_columns(tmp_path: Path) -> None:
    good = write(tmp_path / "gold.tsv", gzip.compress(b"ein Hund\t a dog \nKatze\tcat\n", mtime=0))
    assert read_pairs(good) == [("ein Hund", "a dog"), ("Katze", "cat")]
    for line, count in (("allein", 1), ("a\tb\tc", 3), ("a\t ", 1), ("", 0)):
        path = write(tmp_path / "bad.tsv", f"a\tb\n{line}\n".encode())
        with pytest.raises(DataError) as raised:
            read_pairs(path)
        assert f"line 2: {count} texts in {line!r}" in str(raised.value)
