from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import ARMS, PAGE, TARGETS, TEXTS, Running, png, serving
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.live.app import LiveSearch
from crosslift.live.options import LiveOptions
from crosslift.live.server import open_live


@pytest.fixture(scope="session")
def run_of_arms(xlm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of three arms; one of them has an image tower."""
    base = tmp_path_factory.mktemp("live")
    study = small_study(xlm_folder, seeds=[1], arms=ARMS, targets=TARGETS, comparisons=[])
    run_study(study, base / "out", Store(base / "store"))
    return base / "out"


@pytest.fixture(scope="session")
def own_data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file of texts and a folder of pictures, with a broken one and a link that leads out."""
    base = tmp_path_factory.mktemp("own")
    corpus, images, outside = base / "corpus.txt", base / "images", base / "secret.png"
    corpus.write_text("\n".join(TEXTS), encoding="utf-8")
    (images / "inner").mkdir(parents=True)
    (images / "red.png").write_bytes(png())
    (images / "inner" / "blue & white.png").write_bytes(png((20, 20, 220)))
    (images / "broken.png").write_bytes(b"no picture")
    outside.write_bytes(png((1, 2, 3)))
    (images / "link.png").symlink_to(outside)
    return corpus, images


@pytest.fixture(scope="session")
def options(run_of_arms: Path, own_data: tuple[Path, Path]) -> LiveOptions:
    corpus, images = own_data
    return LiveOptions(run_of_arms, port=0, corpus=corpus, images=images)


@pytest.fixture(scope="session")
def live(options: LiveOptions) -> LiveSearch:
    with reading_once():  # not longer: other tests of the process read their files again
        return open_live(options, PAGE, None, Silent())


@pytest.fixture(scope="session")
def server(live: LiveSearch, options: LiveOptions) -> Iterator[Running]:
    with serving(live, options) as running:
        yield running
