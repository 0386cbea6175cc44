"""The report of a study: one self-contained page."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Collection, Sequence
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from crosslift.artifacts.files import file_written_whole
from crosslift.reports.anchors import with_anchors
from crosslift.reports.heat import LEVELS
from crosslift.reports.looks import colour_declarations, looks_of
from crosslift.reports.pages import ShownSection, report_templates, shown_sections
from crosslift.reports.sections import SECTIONS
from crosslift.reports.short_answer import plain_answer
from crosslift.results.run_folder import REPORT, RunFolder

PLOTS = "plots"
_SCRIPT = (files("crosslift.reports") / "templates" / "report.js").read_text(encoding="utf-8")

__all__ = ["PLOTS", "REPORT", "render", "write_report"]


def write_report(folder: Path) -> Path:
    """Write the report of a run, and its plots, into the run's folder.

    It reads only the folder. The same folder gives the same bytes. Sections of `SECTIONS` for which the
    run has nothing are left out.

    Args:
        folder: the folder of a run.

    Returns:
        The path of the page, ``report.html``. Beside it, ``plots`` contains each plot as SVG and PNG.

    Raises:
        DataError: a file is missing, of another schema version, or malformed.
        UnknownNameError: a row names an arm or a target that ``run.json`` does not.
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    run = RunFolder.read(folder)
    shown = shown_sections(SECTIONS, run)
    page = render(run, shown)
    drawn: set[Path] = set()
    for section in _walk(shown):
        for plot in section.plots:
            places = [folder / PLOTS / f"{plot.name}.{ending}" for ending in ("svg", "png")]
            for place, content in zip(places, (plot.svg.encode("utf-8"), plot.png), strict=True):
                _write(place, content)
            drawn.update(places)
    _delete_others(folder / PLOTS, drawn)
    _write(folder / REPORT, page.encode("utf-8"))
    return folder / REPORT


def _delete_others(plots: Path, drawn: Collection[Path]) -> None:
    """Deletes the plots of an earlier report that this one does not show."""
    for place in [*plots.glob("*.svg"), *plots.glob("*.png")]:
        if place not in drawn:
            place.unlink()


def render(run: RunFolder, sections: Sequence[ShownSection]) -> str:
    """The page as text.

    Args:
        run: the run.
        sections: sections of the page, in order.

    Returns:
        A whole HTML document.
    """
    page = (
        report_templates()
        .get_template("report.html.j2")
        .render(
            run=run.run,
            description=plain_answer(run),
            script=Markup(_SCRIPT),
            script_hash=_sha256(_SCRIPT),
            several=len(run.baselines) > 1,
            looks=looks_of(run.run.arms),
            levels=LEVELS,
            colours=[colour_declarations(dark) for dark in (False, True)],
            navigation=[each.section for each in _walk(sections)],
            sections=sections,
        )
    )
    return with_anchors(page)


def _sha256(script: str) -> str:
    """The hash by which the page's policy allows this script and no other."""
    return b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _walk(sections: Sequence[ShownSection]) -> list[ShownSection]:
    return [each for section in sections for each in section.walk()]


def _write(path: Path, content: bytes) -> None:
    with file_written_whole(path) as draft:
        draft.write_bytes(content)
