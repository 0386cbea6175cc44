"""The page of a word pilot: its verdict, its curves by hidden state, its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.lines import Line2D

from crosslift import __version__
from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError
from crosslift.reports.axes import mark_style, square_axes
from crosslift.reports.language_names import name_of
from crosslift.reports.looks import PALETTE, Look, colour_declarations
from crosslift.reports.pages import templates
from crosslift.reports.svg import INK, MUTED, Plot, drawing, finish
from crosslift.results.word_alignments import AlignmentFigures, Estimate, WordPilot
from crosslift.word_pilot.pilot_sentences import cosine, margin
from crosslift.wording import level_words, percent, plural

_HEIGHT = 240
_ASIDE = 0.1
_FINDINGS = {
    "aligned": "aligned",
    "in part": "in part",
    "anisotropy": "anisotropy alone",
    "none": "no alignment",
}


Value = Callable[[AlignmentFigures], float | Estimate]


@dataclass(frozen=True, slots=True)
class _Curve:
    """A line of a plot.

    Args:
        label: in the legend.
        look: colour and mark; a line with hollow marks is dashed.
        value: picks the drawn value from figures: a plain number, or one with its interval.
        centred: whether it shows the vectors after centring.
    """

    label: str
    look: Look
    value: Value
    centred: bool


def refuse_page(path: Path) -> None:
    """Raises DataError unless the page's name ends in ``.html``."""
    if path.suffix != ".html":
        raise DataError(f"a page cannot be written to {path}", "a path that ends in .html")


def write_word_pilot_page(pilot: WordPilot, path: Path) -> None:
    """Write the page of a pilot: one self-contained file.

    Args:
        pilot: its results.
        path: path of the page; ``.html``.

    Raises:
        DataError: the path has another ending.
        ArtifactError: the path cannot be written.
    """
    refuse_page(path)
    with drawing():
        plots = (_cosines(pilot), _retrieval(pilot))
    environment = templates()
    environment.filters.update(
        cosine=_digits(pilot),
        finding=_FINDINGS.__getitem__,
        level=level_words,
        margin=margin,
        percent=percent,
    )
    page = environment.get_template("word_pilot.html.j2").render(
        pilot=pilot,
        plots=plots,
        language=name_of(pilot.words.language),
        version=__version__,
        pairs=plural(pilot.words.pairs, "word pair"),
        colours=[colour_declarations(dark) for dark in (False, True)],
    )
    with file_written_whole(path) as draft:
        draft.write_text(page, encoding="utf-8")


def _digits(pilot: WordPilot) -> Callable[[float], str]:
    """Cosines with four decimals, or seven if four would not distinguish pairs from random pairs."""
    near = any(s.as_is.random > 0.999 for s in pilot.states)
    return lambda value: cosine(value, 7 if near else 4)


def _look(place: int, marker: str, hollow: bool) -> Look:
    return Look(f"--arm-{place}", *PALETTE[place], marker, hollow)


def _in_both_spaces(curves: Sequence[tuple[int, str, str, Value]]) -> list[_Curve]:
    """Each curve twice: with the vectors as they are, and after centring."""
    return [
        _Curve(f"{name}{', centred' * centred}", _look(place, marker, centred), value, centred)
        for centred in (False, True)
        for place, name, marker, value in curves
    ]


def _cosines(pilot: WordPilot) -> Plot:
    curves = _in_both_spaces(
        ((0, "pairs", "o", lambda f: f.pairs), (1, "random pairs", "s", lambda f: f.random))
    )
    title = "Mean cosine"
    axes = square_axes(title, _HEIGHT, 3)
    sentences = [_draw(axes, pilot, curve, 1.0) for curve in curves]
    axes.set_ylabel("cosine", size=11.5)
    return _finished(axes, pilot, curves, "word-pilot-cosine", title, sentences)


def _retrieval(pilot: WordPilot) -> Plot:
    code = pilot.words.language
    curves = _in_both_spaces(
        (
            (2, f"{code}\u2192en", "o", lambda f: f.src_to_tgt),
            (5, f"en\u2192{code}", "s", lambda f: f.tgt_to_src),
        )
    )
    title = "Words that find their translation first"
    axes = square_axes(title, _HEIGHT, 3)
    offsets = [_ASIDE * (place - 1.5) for place in range(len(curves))]
    sentences = [
        _draw(axes, pilot, each, 100.0, offset)
        for each, offset in zip(curves, offsets, strict=True)
    ]
    axes.axhline(pilot.chance * 100, color=INK, linewidth=1.1, linestyle=(0, (1, 2)), zorder=1.5)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("top-1 retrieval, percent", size=11.5)
    sentences.append(f"chance is {percent(pilot.chance)}")
    return _finished(axes, pilot, curves, "word-pilot-retrieval", title, sentences)


def _draw(axes: Any, pilot: WordPilot, curve: _Curve, scale: float, offset: float = 0.0) -> str:
    """Draw a curve, with intervals if its figures have them, shifted by ``offset`` so that several
    curves stay visible. Returns the curve in words."""
    points: dict[int, float] = {}
    for state in pilot.states:
        figures = state.centred if curve.centred else state.as_is
        if figures is None:
            continue
        value = curve.value(figures)
        if isinstance(value, Estimate):
            at = [state.hidden_state + offset] * 2
            ends = [value.low * scale, value.high * scale]
            axes.plot(at, ends, color=curve.look.light, linewidth=1, alpha=0.5)
            value = value.value
        points[state.hidden_state] = value * scale
    dash = (0, (4, 2)) if curve.look.hollow else "solid"
    style = mark_style(curve.look, size=5) | {"linestyle": dash, "color": curve.look.light}
    at = [state + offset for state in points]
    axes.plot(at, list(points.values()), linewidth=1.6, zorder=3, **style)
    values = ", ".join(f"{value:.4g} at {state}" for state, value in points.items())
    return f"{curve.label}: {values or 'none'}"


def _finished(
    axes: Any,
    pilot: WordPilot,
    curves: Sequence[_Curve],
    name: str,
    title: str,
    sentences: Sequence[str],
) -> Plot:
    if pilot.best is not None:
        axes.axvline(pilot.best.hidden_state, color=MUTED, linewidth=0.9, zorder=1.4)
    axes.set_xlabel("hidden state", size=11.5, labelpad=5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _legend(axes, curves, chance="retrieval" in name, best=pilot.best is not None)
    return finish(axes.figure, name, f"{title}, by hidden state", "; ".join(sentences))


def _legend(axes: Any, curves: Sequence[_Curve], *, chance: bool, best: bool) -> None:
    handles = []
    for curve in curves:
        line = {"linestyle": "--" if curve.look.hollow else "-", "color": curve.look.light}
        handles.append(Line2D([], [], label=curve.label, **mark_style(curve.look, 5) | line))
    if chance:
        handles.append(Line2D([], [], label="chance", color=INK, linestyle=(0, (1, 2))))
    if best:
        handles.append(Line2D([], [], label="best aligned", color=MUTED, linewidth=0.9))
    axes.figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=2,
        fontsize=10.8,
        handlelength=1.8,
        labelspacing=0.45,
    )
