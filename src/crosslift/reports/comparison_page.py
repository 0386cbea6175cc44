"""A comparison of two encoders as a separate page, in the style of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift import __version__
from crosslift.artifacts.files import file_written_whole
from crosslift.metrics.table import described
from crosslift.reports.comparison_tables import (
    LEGEND,
    headings,
    remarks_on,
    rows_of,
    short_names,
    summary,
)
from crosslift.reports.looks import colour_declarations
from crosslift.reports.outcomes import mark_of
from crosslift.reports.pages import report_templates
from crosslift.results.comparison import ComparedTarget, EncoderComparison


@dataclass(frozen=True)
class _Target:
    name: str
    metric: str
    outcome: str
    summary: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remarks: list[str]


@dataclass(frozen=True)
class _Comparison:
    title: str
    targets: list[_Target]


def write_comparison_page(path: Path, comparisons: Sequence[EncoderComparison]) -> None:
    """Writes the page of some comparisons: one self-contained file.

    Args:
        path: path of the page; ``.html``.
        comparisons: each of two encoders.

    Raises:
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    views = [_view(each) for each in comparisons]
    one, other = comparisons[0].first, comparisons[0].second
    if len(views) > 1:
        one, other = (name.rpartition(":")[0] for name in (one, other))
    page = (
        report_templates()
        .get_template("comparison_page.html.j2")
        .render(
            title=views[0].title if len(views) == 1 else f"{other} beside {one}",
            comparisons=views,
            legend=LEGEND,
            colours=[colour_declarations(dark) for dark in (False, True)],
            version=__version__,
        )
    )
    with file_written_whole(path) as draft:
        draft.write_text(page, encoding="utf-8")


def _headings(comparison: EncoderComparison, target: ComparedTarget) -> tuple[str, ...]:
    """The headings of the table, without the metric, which the caption names."""
    language, queries, _, _, *others = headings(comparison, target)
    return (language, queries, *short_names(comparison), *others)


def _view(comparison: EncoderComparison) -> _Comparison:
    first, second = short_names(comparison)
    targets = [
        _Target(
            name=each.target,
            outcome=mark_of(each.macro.verdict),
            summary=summary(comparison, each).replace("`", ""),
            metric=described(each.metric).heading,
            headings=_headings(comparison, each),
            rows=rows_of(each),
            remarks=remarks_on(each),
        )
        for each in comparison.targets
    ]
    return _Comparison(f"{second} beside {first}", targets)
