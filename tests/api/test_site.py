"""The documentation as a site: it builds without a warning, offline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import crosslift


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(folder / "trees")]
    command = [sys.executable, "-m", "sphinx", *options, "docs", str(folder / "html")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_every_page_is_part_of_it(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    for page in sorted(Path("docs").rglob("*.md")):
        place = page.relative_to("docs").with_suffix(".html")
        assert (site / place).is_file()
        assert str(place) in index or place.name == "index.html", place


def test_the_reference_has_every_public_name(site: Path) -> None:
    """Classes of settings are on the page of study files, errors and the store in the text."""
    text = (site / "api.html").read_text(encoding="utf-8")
    functions = {
        name
        for name, module in crosslift._MODULES.items()
        if name[0].islower() and name not in ("plan_study",)
    }
    for name in functions:
        assert f".{name}" in text, name
