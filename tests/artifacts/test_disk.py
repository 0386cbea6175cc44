"""Errors of the disk, and drafts of killed processes."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from PIL import Image

from crosslift.analysis.examples import _Example
from crosslift.artifacts import drafts
from crosslift.artifacts.disk_errors import disk_errors_explained, make_folder
from crosslift.artifacts.files import file_written_whole, folder_written_whole
from crosslift.artifacts.store import Store
from crosslift.artifacts.sums import check_sum, file_written_with_sum
from crosslift.errors import ArtifactError
from crosslift.targets.kinds.pictures_with_texts import PictureData


def refusal(number: int, place: Path | None = None) -> OSError:
    return OSError(number, os.strerror(number), *([str(place)] if place else []))


# What is explained


@pytest.mark.parametrize(
    ("number", "message", "remedy"),
    [
        (errno.EROFS, "cannot write .*: Read-only file system", "a folder you may write to"),
        (errno.EACCES, "cannot write .*: Permission denied", "a folder you may write to"),
        (errno.ENOTDIR, "cannot write .*: Not a directory", "a file is where a folder should be"),
        (errno.EEXIST, "cannot write .*: File exists", "a file is where a folder should be"),
        (errno.ENAMETOOLONG, "cannot write .*: File name too long", "a shorter name"),
        (errno.EIO, "cannot write .*: Input/output error", "check the disk"),
        (errno.ENOSPC, "the disk is full: could not write", "it resumes"),
        (errno.EDQUOT, "the disk is full: could not write", "it resumes"),
    ],
)
def test_errors_of_a_place(tmp_path: Path, number: int, message: str, remedy: str) -> None:
    place = tmp_path / "folder" / "file"
    for filename in (None, place, place.parent / ".draft", tmp_path):
        with pytest.raises(ArtifactError, match=message) as caught, disk_errors_explained(place):
            raise refusal(number, filename)
        assert remedy in str(caught.value.remedy)


def test_an_error_of_a_file_elsewhere_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk_errors_explained(tmp_path / "out" / "a"):
        raise refusal(errno.EACCES, tmp_path / "data" / "texts.txt")
    with pytest.raises(ZeroDivisionError), disk_errors_explained(tmp_path):
        raise ZeroDivisionError


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(ArtifactError, match="cannot write"):
            make_folder(place)
    with (
        pytest.raises(ArtifactError, match="cannot write"),
        file_written_whole(tmp_path / "file" / "a.txt"),
    ):
        pytest.fail("nothing can be written there")
    with pytest.raises(ArtifactError, match="cannot write"):
        Store(tmp_path / "file").lock("ab")


def test_a_folder_where_a_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot write"), file_written_whole(tmp_path) as draft:
        draft.write_text("a")


def test_a_read_only_place_hides_no_error_behind_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft cannot be deleted either."""

    def refuse(*_: object, **__: object) -> None:
        raise refusal(errno.EROFS)

    with pytest.raises(ArtifactError, match="Read-only"), file_written_whole(tmp_path / "a"):
        monkeypatch.setattr(Path, "unlink", refuse)
        refuse()


def test_a_store_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise refusal(errno.EACCES, path)

    monkeypatch.setattr(Path, "stat", refuse)
    for use in ("exists", "keep", "discard"):
        with pytest.raises(ArtifactError, match="Permission denied"):
            getattr(Store(tmp_path), use)("encode", "ab")


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(ArtifactError, match="is a device or a pipe"), file_written_whole(place):
            pytest.fail("it would be replaced by a file")


# Locks


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise refusal(number)

    monkeypatch.setattr(fcntl, "flock", refuse)
    store = Store(tmp_path / "store")
    with store.lock("ab"), store.reading("ab"), store.using(["ab"]):
        with Store(store.root).lock_if_free("ab") as free:
            assert not free
        with Store(store.root).keys_in_use() as keys:
            assert keys == {"ab"}
    with Store(store.root).lock_if_free("ab") as free:
        assert free
    with file_written_whole(tmp_path / "results.csv") as draft:
        draft.write_text("a")
    assert (tmp_path / "results.csv").read_text() == "a"


# Names


@pytest.mark.parametrize(
    "name", ["n" * 255, "ä" * 127, "n" * 200 + "." + "s" * 50, "n" * 250 + ".json"]
)
def test_names_as_long_as_a_file_can_have(tmp_path: Path, name: str) -> None:
    assert len(os.fsencode(name)) <= 255
    with file_written_whole(tmp_path / name) as draft:
        draft.write_text("a")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    with folder_written_whole(tmp_path / "in" / name) as draft:
        (draft / "b").touch()
    assert (tmp_path / "in" / name / "b").is_file()


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    for write in (file_written_whole, folder_written_whole):
        with (
            pytest.raises(ArtifactError, match="File name too long"),
            write(tmp_path / ("n" * 256)),
        ):
            pytest.fail("told before any work")
    with pytest.raises(ArtifactError, match="File name too long"):
        make_folder(tmp_path / ("n" * 256))


# Drafts


def draft_names(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if ".draft" in p.name]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from crosslift.artifacts import files
    with getattr(files, sys.argv[2])(Path(sys.argv[1])) as draft:
        (draft / "a" if draft.is_dir() else draft).write_text("half")
        print("writing", flush=True)
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("way", ["file_written_whole", "folder_written_whole"])
def test_drafts_of_killed_processes_are_deleted_and_those_of_living_ones_are_not(
    tmp_path: Path, way: str
) -> None:
    place = tmp_path / "results.csv"
    write = {"file_written_whole": file_written_whole, "folder_written_whole": folder_written_whole}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(place), way],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        with write[way](tmp_path / "other.csv"):
            pass
        with write[way](place):
            assert len(draft_names(tmp_path)) == 2, "the other process lives"
        assert len(draft_names(tmp_path)) == 1
        process.communicate("")
    assert process.returncode == -signal.SIGKILL
    assert len(draft_names(tmp_path)) == 1
    with write[way](place):
        pass
    assert draft_names(tmp_path) == []


def test_a_draft_that_was_swept_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    lock = fcntl.flock

    def sweep_first(handle: int, kind: int) -> None:
        if not swept:
            (path,) = tmp_path.iterdir()
            path.unlink()
            swept.append(path)
        lock(handle, kind)

    monkeypatch.setattr(drafts.fcntl, "flock", sweep_first)
    with file_written_whole(tmp_path / "a.txt") as draft:
        assert draft != swept[0]
        draft.write_text("whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


# Sums


def test_a_file_with_a_sum(tmp_path: Path) -> None:
    place = tmp_path / "state.bin"
    for content in ("one", "two"):
        with file_written_with_sum(place) as draft:
            draft.write_text(content)
        check_sum(place, "the state", "delete it")
    for content in ("one", "twO", ""):
        place.write_text(content)
        with pytest.raises(ArtifactError, match=r"the state .*state\.bin is corrupt") as caught:
            check_sum(place, "the state", "delete it")
        assert caught.value.remedy == "delete it"
    place.unlink()
    with pytest.raises(ArtifactError, match="cannot be read"):
        check_sum(place, "the state", "delete it")


@pytest.mark.parametrize("note", [None, b"", b"{}", b'"a"', b"[1, 2]", b"\xff"])
def test_a_sum_that_cannot_be_read(tmp_path: Path, note: bytes | None) -> None:
    place = tmp_path / "state.bin"
    with file_written_with_sum(place) as draft:
        draft.write_text("one")
    path = tmp_path / ".state.bin.sha256"
    path.unlink() if note is None else path.write_bytes(note)
    with pytest.raises(ArtifactError, match="is corrupt"):
        check_sum(place, "the state", "delete it")


SUM_KILLED = """
    import os, signal, sys
    from pathlib import Path
    from crosslift.artifacts import drafts, files, sums
    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)
    remaining, flush = int(sys.argv[2]), files._flush_to_disk
    def count(path):
        global remaining
        remaining -= 1
        die() if remaining == 0 else flush(path)
    files._flush_to_disk = count
    with sums.file_written_with_sum(Path(sys.argv[1])) as draft:
        draft.write_text("two")
"""


@pytest.mark.parametrize("flush", range(1, 4))
def test_a_kill_at_any_moment_leaves_a_file_with_its_sum(tmp_path: Path, flush: int) -> None:
    place = tmp_path / "state.bin"
    with file_written_with_sum(place) as draft:
        draft.write_text("one")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SUM_KILLED), str(place), str(flush)],
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    check_sum(place, "the state", "")
    assert place.read_text() in ("one", "two")
    with file_written_with_sum(place) as draft:
        draft.write_text("three")
    check_sum(place, "the state", "")
    assert len((tmp_path / ".state.bin.sha256").read_text()) < 80
    assert draft_names(tmp_path) == []


# Pictures of a run's folder


def test_half_a_picture_of_an_earlier_run_is_written_again(tmp_path: Path) -> None:
    Image.new("RGB", (96, 96), "red").save(tmp_path / "red.png")
    data = PictureData({"a": tmp_path / "red.png"}, {"en": {"a": ("red",)}})
    out = tmp_path / "out"
    name = _Example(data, "en", "text->picture", out, set())._picture("a")
    whole = (out / name).read_bytes()
    (out / name).write_bytes(whole[:50])
    assert _Example(data, "en", "text->picture", out, set())._picture("a") == name
    assert (out / name).read_bytes() == whole
    assert [p.name for p in (out / name).parent.iterdir()] == [Path(name).name]
