"""The store: keys, artifacts that are complete or absent, and faults on disk."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import SafetensorError

from crosslift.artifacts import files
from crosslift.artifacts.files import file_written_whole, folder_written_whole, sha256_of_file
from crosslift.artifacts.keys import key_of
from crosslift.artifacts.manifest import MANIFEST, Manifest
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError

KEY = "0123abcd"
MADE = Manifest("encode", KEY, "texts", {"a": 1}, {"torch": "2"}, "2026-01-01T00:00:00", 1.5, 3.0)


def make(store: Store, write: Callable[[Path], object], key: str = KEY) -> Path:
    manifest = replace(MADE, key=key)
    return store.make(manifest, lambda folder: write(folder) and None, lambda: manifest)


def write_text(folder: Path, text: str = "whole") -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "a.txt").write_text(text)
    (folder / "b.bin").write_bytes(b"\0\1")


def left_over(store: Store) -> list[str]:
    """Everything in the folder of the kind, drafts included."""
    folder = store.root / "encode"
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


# Keys


def test_a_key_does_not_depend_on_the_order_of_what_it_is_made_from() -> None:
    one = {"b": [1, 2, {"y": None, "x": "é"}], "a": 0.5}
    two = {"a": 0.5, "b": [1, 2, {"x": "é", "y": None}]}
    assert key_of(one) == key_of(two)
    assert len(key_of(one)) == 32
    assert set(key_of(one)) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "other",
    [
        {"a": 0.5, "b": [2, 1]},
        {"a": 0.5, "b": ["1", 2]},
        {"a": 0.5, "b": [1, 2], "c": None},
        {"a": "0.5", "b": [1, 2]},
        {"a": 0.5000001, "b": [1, 2]},
        {"a": 0.5, "b": [12]},
    ],
)
def test_a_key_sees_every_difference(other: dict) -> None:
    assert key_of(other) != key_of({"a": 0.5, "b": [1, 2]})


def test_a_key_is_made_of_plain_values_only() -> None:
    with pytest.raises(TypeError):
        key_of({"a": object()})


# Making and opening


def test_an_artifact_is_made_once_and_opened(store: Store) -> None:
    assert not store.exists("encode", KEY)
    place = make(store, write_text)
    assert store.exists("encode", KEY)
    assert (place / "inner" / "a.txt").read_text() == "whole"
    manifest = store.manifest("encode", KEY)
    assert manifest.files == {
        "b.bin": sha256_of_file(place / "b.bin"),
        "inner/a.txt": sha256_of_file(place / "inner" / "a.txt"),
    }
    assert replace(manifest, files={}) == MADE
    assert make(store, lambda folder: pytest.fail("made twice")) == place
    assert Store(store.root).open("encode", KEY) == place
    assert store.manifests("encode") == [manifest]
    assert left_over(store) == [KEY]


def test_making_clears_what_an_unfinished_step_left(store: Store) -> None:
    unfinished = store.unfinished(KEY)
    unfinished.mkdir(parents=True)
    (unfinished / "checkpoint").write_text("x")
    make(store, write_text)
    assert not unfinished.exists()


def test_an_artifact_that_was_never_made(store: Store) -> None:
    with pytest.raises(ArtifactError, match=r"no artifact .*0123abcd") as caught:
        store.open("encode", KEY)
    assert caught.value.remedy == "give the run's command again"
    assert store.manifests("encode") == []


def test_a_writer_that_raises_leaves_nothing(store: Store) -> None:
    def fail(folder: Path) -> None:
        write_text(folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make(store, fail)
    assert not store.exists("encode", KEY)
    assert left_over(store) == []
    make(store, write_text)
    assert Store(store.root).open("encode", KEY)


PROGRAM = """
    import os, sys, time
    from pathlib import Path
    from crosslift.artifacts.manifest import Manifest
    from crosslift.artifacts.store import Store

    def write(folder):
        (folder / "a.txt").write_text("half")
        {act}
        (folder / "b.txt").write_text("whole")

    store = Store(Path(sys.argv[1]))
    manifest = Manifest("encode", "0123abcd", "texts", {{}}, {{}}, "", {seconds}, 0.0)
    print(store.make(manifest, write, lambda: manifest))
"""


def start(store: Store, act: str, seconds: float = 0.0) -> subprocess.Popen[str]:
    code = textwrap.dedent(PROGRAM).format(act=act, seconds=seconds)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(store.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "nothing happened for 30 s"
        time.sleep(0.02)


def check_recovers(store: Store) -> None:
    """A killed writer left a draft, no artifact, and nothing that hinders the next."""
    assert not store.exists("encode", KEY)
    assert store.manifests("encode") == []
    drafts = left_over(store)
    assert len(drafts) == 1
    assert drafts[0].startswith(f".{KEY}.")
    with pytest.raises(ArtifactError, match="no artifact"):
        store.open("encode", KEY)
    make(store, write_text)
    assert Store(store.root).open("encode", KEY)
    assert left_over(store) == [KEY], "the stale draft is cleared away"


def test_a_process_that_dies_in_the_middle_of_the_writing(store: Store) -> None:
    process = start(store, "os._exit(7)")
    process.communicate(timeout=60)
    assert process.returncode == 7
    check_recovers(store)


def test_a_process_that_is_killed_in_the_middle_of_the_writing(store: Store) -> None:
    process = start(store, "time.sleep(60)")
    wait_for(lambda: list(store.root.glob("encode/.*/a.txt")))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    check_recovers(store)


def test_two_processes_that_make_one_key_at_once(store: Store) -> None:
    note = "(Path(sys.argv[1]).parent / f'made-{os.getpid()}').touch(); time.sleep(0.5)"
    pair = [start(store, note, seconds=float(i)) for i in range(2)]
    outputs = [process.communicate(timeout=60) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], outputs
    assert [out.strip() for out, _ in outputs] == [str(store.place("encode", KEY))] * 2
    assert len(list(store.root.parent.glob("made-*"))) == 1
    assert (store.open("encode", KEY) / "b.txt").read_text() == "whole"
    assert left_over(store) == [KEY]


# Damage


def test_a_corrupt_file(store: Store) -> None:
    place = make(store, write_text)
    (place / "inner" / "a.txt").write_text("Whole")
    with pytest.raises(ArtifactError, match=r"inner/a\.txt is corrupt: its SHA-256 is") as caught:
        Store(store.root).open("encode", KEY)
    assert caught.value.remedy is not None
    assert f"delete the folder {place} and" in caught.value.remedy


def test_a_missing_file(store: Store) -> None:
    place = make(store, write_text)
    (place / "b.bin").unlink()
    with pytest.raises(ArtifactError, match=r"b\.bin is missing") as caught:
        Store(store.root).open("encode", KEY)
    assert f"delete the folder {place} and" in str(caught.value.remedy)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "encode"}', '{"unknown": 1}'])
def test_a_manifest_that_cannot_be_read(store: Store, content: str) -> None:
    place = make(store, write_text)
    (place / MANIFEST).write_text(content)
    for read in (store.manifest, Store(store.root).open):
        with pytest.raises(ArtifactError, match=r"manifest .* cannot be read") as caught:
            read("encode", KEY)
        assert f"delete the folder {place} and" in str(caught.value.remedy)


def test_a_flipped_bit_anywhere_in_a_manifest(store: Store) -> None:
    path = make(store, write_text) / MANIFEST
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        try:
            assert store.manifest("encode", KEY).files, "a space became another blank"
            assert data[place] in b" \n"
        except ArtifactError as error:
            assert f"the manifest {path} cannot be read" in error.what


def test_a_manifest_of_an_earlier_version_has_no_checksum(store: Store) -> None:
    path = make(store, write_text) / MANIFEST
    manifest = store.manifest("encode", KEY)
    content = json.loads(path.read_text())
    del content["checksum"]
    path.write_text(json.dumps(content))
    assert store.manifest("encode", KEY) == manifest


def test_a_manifest_of_another_artifact(store: Store) -> None:
    make(store, write_text)
    make(store, write_text, "ffff")
    (store.place("encode", KEY) / MANIFEST).write_bytes(
        (store.place("encode", "ffff") / MANIFEST).read_bytes()
    )
    with pytest.raises(ArtifactError, match=r"is of the artifact encode/ffff"):
        store.manifest("encode", KEY)


def test_what_has_lost_its_manifest_is_made_anew(store: Store) -> None:
    place = make(store, write_text)
    (place / MANIFEST).unlink()
    assert not store.exists("encode", KEY)
    make(store, lambda folder: write_text(folder, "again"))
    assert (Store(store.root).open("encode", KEY) / "inner" / "a.txt").read_text() == "again"


def test_stale_drafts_are_no_artifacts(store: Store) -> None:
    make(store, write_text)
    for name in (".0123abcd.xyz", ".ffff.xyz"):
        draft = store.root / "encode" / name
        draft.mkdir()
        (draft / MANIFEST).write_text(json.dumps({"kind": "encode"}))
    assert [m.key for m in store.manifests("encode")] == [KEY]
    assert not store.exists("encode", "ffff")


# A full disk


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fails_as_safetensors_does(_: Path) -> None:
    raise SafetensorError(
        "Error while serializing: I/O error: No space left on device (os error 28)"
    )


def check_full(store: Store, write: Callable[[Path], object]) -> None:
    with pytest.raises(ArtifactError, match="the disk is full: could not write") as caught:
        make(store, write)
    assert str(store.place("encode", KEY)) in caught.value.what
    assert "CROSSLIFT_HOME" in str(caught.value.remedy)
    assert not store.exists("encode", KEY)
    assert left_over(store) == []


@pytest.mark.parametrize("write", [full, fails_as_safetensors_does])
def test_a_full_disk_while_writing(store: Store, write: Callable[[Path], None]) -> None:
    check_full(store, write)
    make(store, write_text)
    assert store.exists("encode", KEY)


def test_a_full_disk_while_flushing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.os, "fsync", full)
    check_full(store, write_text)


def test_a_full_disk_as_numpy_reports_it(store: Store) -> None:
    """numpy.save raises an OSError without a number; a limit on file sizes makes it do so."""
    code = """
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        from crosslift.artifacts.manifest import Manifest
        from crosslift.artifacts.store import Store
        from crosslift.errors import ArtifactError

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        manifest = Manifest("encode", "0123abcd", "texts", {}, {}, "", 0.0, 0.0)
        try:
            write = lambda folder: np.save(folder / "vectors.npy", np.zeros(100_000))
            Store(Path(sys.argv[1])).make(manifest, write, lambda: manifest)
        except ArtifactError as error:
            print(error.what)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(store.root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "the disk is full" in done.stdout, done.stderr
    assert left_over(store) == []


def test_other_errors_of_a_writer_stay_what_they_are(store: Store) -> None:
    def fail(folder: Path) -> None:
        (folder / "no" / "such").read_bytes()

    with pytest.raises(FileNotFoundError):
        make(store, fail)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_place_that_may_not_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(ArtifactError, match="cannot write") as caught:
        make(store, write_text)
    assert "a folder you may write to" in str(caught.value.remedy)
    assert left_over(store) == []


# Files and folders


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "deep" / "checkpoint.safetensors"
    with file_written_whole(place) as draft:
        draft.write_text("one")
        assert not place.exists()
        assert draft.suffix == place.suffix
    with pytest.raises(ZeroDivisionError), file_written_whole(place) as draft:
        draft.write_text("two")
        raise ZeroDivisionError
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ArtifactError, match="the disk is full"), file_written_whole(place) as draft:
        draft.write_text("three")
    assert place.read_text() == "one"
    assert [p.name for p in place.parent.iterdir()] == [place.name]


def test_a_folder_that_another_process_made_meanwhile_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "folder"
    with folder_written_whole(place) as draft:
        (draft / "ours").touch()
        place.mkdir()
        (place / "theirs").touch()
    assert [p.name for p in place.iterdir()] == ["theirs"]
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_a_folder_can_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    with folder_written_whole(tmp_path / "folder"):
        pass
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "plain").stat().st_mode
