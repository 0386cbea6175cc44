"""The committed page is the one that its sources give, and it may run nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

PAGE = (files("crosslift.explorer") / "page" / "page.html").read_text(encoding="utf-8")
ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "explorer_page"
MOST_LINES = 2500


def _source_files() -> list[Path]:
    named = ("build.mjs", "package.json", "package-lock.json", "tsconfig.json")
    return [
        *(path for path in (SOURCES / "src").rglob("*") if path.is_file()),
        *(SOURCES / name for name in named),
    ]


def test_the_page_is_built_from_these_sources() -> None:
    """Else: `make explorer-page`, and commit what it writes."""
    digest = hashlib.sha256()
    for name in sorted(path.relative_to(SOURCES).as_posix() for path in _source_files()):
        digest.update(name.encode() + b"\0" + (SOURCES / name).read_bytes() + b"\0")
    style = (ROOT / "src/crosslift/reports/templates/report.css").read_text(encoding="utf-8")
    digest.update(style.split("* {")[0].encode())
    assert f'name="crosslift-sources" content="{digest.hexdigest()}"' in PAGE


def test_the_page_has_each_placeholder_once() -> None:
    for name in ("title", "facts", "blocks"):
        assert PAGE.count(f"<!--{name}-->") == 1
    assert PAGE.index("<!--facts-->") < PAGE.index("<script>") < PAGE.index("<!--blocks-->")


def test_the_policy_allows_this_script_and_this_style_alone() -> None:
    for element in ("script", "style"):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", PAGE, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in PAGE
    assert "default-src 'none'" in PAGE and "unsafe" not in PAGE


def test_no_source_reads_texts_as_markup() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (SOURCES / "src").rglob("*.ts")
    )
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "eval(",
        "srcdoc",
    ):
        assert way not in sources


def test_the_page_needs_no_other_file() -> None:
    head = PAGE[: PAGE.index("<script>")]
    assert not re.search(r"(src|href)\s*=|@import|url\(", head.split("</head>")[0])


def test_the_sources_stay_small() -> None:
    """Lines of code, without comments; the style has as many lines as it needs."""
    lines = [
        line
        for path in (SOURCES / "src").rglob("*.ts")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.strip().startswith(("//", "/*", "*"))
    ]
    assert len(lines) < MOST_LINES
