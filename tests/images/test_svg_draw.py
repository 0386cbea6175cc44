"""SVG files that kill a renderer, or keep it busy: an error that names the picture, never a death."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from crosslift.errors import DataError
from crosslift.images import svg_draw
from crosslift.images.decode import load_picture

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
RED = '<rect width="9" height="9" fill="#ff0000"/>'


def chained(element: str, link: str, use: str, links: int = 300) -> str:
    """A chain of definitions, each of which shows the next one."""
    parts = (f'<{element} id="p{i}" {link.format(i + 1)}</{element}>' for i in range(links))
    return f"{HEAD}<defs>{''.join(parts)}</defs>{use}</svg>"


USES = chained("g", '><use href="#p{}"/>', '<use href="#p0"/>', 340)
PATTERNS = chained(
    "pattern",
    'width="1" height="1"><rect width="1" height="1" fill="url(#p{})"/>',
    '<rect width="9" height="9" fill="url(#p0)"/>',
    340,
)
MARKERS = chained(
    "marker",
    'markerWidth="3" markerHeight="3"><path d="M0 0 1 1 2 2" marker-mid="url(#p{})"/>',
    '<path d="M0 0 1 1 2 2" marker-mid="url(#p0)" stroke="red"/>',
    340,
)
OCTAVES = (
    f'{HEAD}<filter id="f"><feTurbulence baseFrequency="1" numOctaves="2000000000"/></filter>'
    '<rect width="9" height="9" filter="url(#f)"/></svg>'
)


def drawing(folder: Path, text: str) -> Path:
    path = folder / "drawing.svg"
    path.write_text(text)
    return path


@pytest.mark.parametrize("tag", ["g", "a", "svg", "switch", "text", "defs"])
@pytest.mark.parametrize("depth", [150, 1000, 100_000])
def test_deep_nesting(tmp_path: Path, tag: str, depth: int) -> None:
    path = drawing(tmp_path, f"{HEAD}{f'<{tag}>' * depth}{RED}{f'</{tag}>' * depth}</svg>")
    with pytest.raises(DataError, match=r"drawing\.svg nests more than 100 elements"):
        load_picture(path, 16)


def test_nesting_that_people_draw(tmp_path: Path) -> None:
    path = drawing(tmp_path, f"{HEAD}{'<g>' * 98}{RED}{'</g>' * 98}</svg>")
    assert (load_picture(path, 4) == [255, 0, 0]).all()


@pytest.mark.parametrize("text", [USES, PATTERNS, MARKERS], ids=["use", "pattern", "marker"])
def test_a_chain_that_kills_the_renderer(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"drawing\.svg cannot be drawn: .*SIGSEGV"):
        load_picture(drawing(tmp_path, text), 16)
    assert (load_picture(drawing(tmp_path, f"{HEAD}{RED}</svg>"), 4) == [255, 0, 0]).all()


def test_a_filter_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg_draw, "SECONDS", 0.3)
    with pytest.raises(DataError, match=r"drawing\.svg cannot be drawn: it takes more than 0\.3 s"):
        load_picture(drawing(tmp_path, OCTAVES), 16)


def test_a_renderer_that_somebody_killed_is_replaced(tmp_path: Path) -> None:
    path = drawing(tmp_path, f"{HEAD}{RED}</svg>")
    whole = load_picture(path, 8)
    for renderer in svg_draw._idle:
        os.kill(renderer._process.pid, signal.SIGKILL)
        renderer._process.wait()
    assert np.array_equal(load_picture(path, 8), whole)


def test_a_forked_process_starts_its_own_renderer(tmp_path: Path) -> None:
    path = drawing(tmp_path, f"{HEAD}{RED}</svg>")
    load_picture(path, 8)
    waiting = len(svg_draw._idle)
    child = os.fork()
    if child == 0:
        alone = len(svg_draw._idle) == 0
        right = bool((load_picture(path, 8) == [255, 0, 0]).all())
        svg_draw._end_all()
        os._exit(0 if alone and right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert waiting > 0
    assert (load_picture(path, 8) == [255, 0, 0]).all()
