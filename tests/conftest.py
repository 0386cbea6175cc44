from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, when huggingface_hub is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from filelock import FileLock

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # nohup and background jobs of a shell ignore it, and child processes would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def converted_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A CROSSLIFT_HOME in which the embedded encoder is converted, shared by all tests that ask."""
    from crosslift.encoders.embedded import embedded_folder

    worker = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if worker else base) / "converted"
    with pytest.MonkeyPatch.context() as patch, FileLock(f"{home}.lock"):
        patch.setenv("CROSSLIFT_HOME", str(home))
        embedded_folder()
    yield home
    if not worker:
        shutil.rmtree(home)  # half a gigabyte


@pytest.fixture(scope="session", autouse=True)
def _session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fixtures of wider scope than a test never reach the user's own cache either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSLIFT_HOME", str(tmp_path_factory.mktemp("session-home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _catalogs_read_once() -> Iterator[None]:
    """The masked-LM records of the installed catalogs, which no test changes, are read once."""
    from crosslift.tasks import gettext_mlm

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gettext_mlm, "_records", functools.cache(gettext_mlm._records))
        yield


@pytest.fixture(autouse=True)
def _own_home(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every test has its own CROSSLIFT_HOME, or the shared one with the converted encoder."""
    if "converted_home" in request.fixturenames:
        home = request.getfixturevalue("converted_home")
    else:
        home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CROSSLIFT_HOME", str(home))
    monkeypatch.setattr("crosslift.artifacts.matrix_speed._measured", lambda: 1e12)


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny encoder of each kind, without sentence-transformers files."""
    from tiny_encoder import KINDS, make_tiny_encoder

    base = tmp_path_factory.mktemp("tiny")
    return {kind: make_tiny_encoder(base / kind, kind) for kind in KINDS}


@pytest.fixture(scope="session")
def bert_folder(tiny_folders: dict[str, Path]) -> Path:
    """A tiny BERT whose tokenizer pads with id 0."""
    return tiny_folders["bert"]


@pytest.fixture(scope="session")
def xlm_folder(tiny_folders: dict[str, Path]) -> Path:
    """A tiny XLM-R whose tokenizer pads with id 1 and reads every script."""
    return tiny_folders["xlm-roberta"]


class Outcome:
    """What a command printed and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def crosslift(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Gives a command and tells how it ended."""
    from crosslift.cli.main import main

    def give(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["crosslift", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return give
