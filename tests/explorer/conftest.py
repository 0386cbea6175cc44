"""A browser and small pages for the tests of the explorer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from explorer_packs import Pack, small_pack
from explorer_screen import CHROMIUM, DRIVER, Screen, open_screen


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    with open_screen(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="session")
def pack() -> Pack:
    """Five arms, eight languages, texts and pictures."""
    return small_pack()


@pytest.fixture(scope="session")
def page(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack.write(tmp_path_factory.mktemp("explorer") / "page.html")
