"""Arrays on disk that are written row by row."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from crosslift.artifacts.array_file import array_file


def test_rows_come_back_as_an_array_has_them(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
    expected = np.zeros((5, 2, 3), np.float32)
    with array_file(tmp_path / "a.npy", expected.shape, np.float32) as file:
        for rows, content in ((2, values[2]), ([4, 0], values[[4, 0]]), (1, 7), ([], values[:0])):
            file[rows] = content
            expected[rows] = content
        assert (len(file), file.shape, file.dtype) == (5, (5, 2, 3), np.float32)
    assert (np.load(tmp_path / "a.npy") == expected).all()
    assert (np.load(tmp_path / "a.npy", mmap_mode="r") == expected).all()


@pytest.mark.parametrize("row", [-1, 5])
def test_a_row_that_does_not_exist(tmp_path: Path, row: int) -> None:
    with array_file(tmp_path / "a.npy", (5, 2), "u1") as file, pytest.raises(IndexError):
        file[row] = 0


def test_values_of_another_shape(tmp_path: Path) -> None:
    with array_file(tmp_path / "a.npy", (5, 2), "u1") as file:
        with pytest.raises(ValueError, match="broadcast"):
            file[0] = [1, 2, 3]
        with pytest.raises(ValueError, match="broadcast"):
            file[[0, 1]] = [[1, 2]] * 3


def test_no_rows(tmp_path: Path) -> None:
    with array_file(tmp_path / "a.npy", (0, 4), "f4"):
        pass
    assert np.load(tmp_path / "a.npy").shape == (0, 4)


def test_a_full_disk_is_an_error_and_no_dead_process(tmp_path: Path) -> None:
    """A limit on file sizes simulates a full disk."""
    code = """
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        from crosslift.artifacts.array_file import array_file
        from crosslift.artifacts.files import file_written_whole
        from crosslift.errors import ArtifactError

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            with file_written_whole(Path(sys.argv[1])) as draft:
                with array_file(draft, (100, 1000), "f4") as file:
                    file[99] = 1
        except ArtifactError as error:
            print(error.what)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "a.npy")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "a.npy" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []
