"""Turns a figure into files and into a picture inside the page that follows its colours."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib
from markupsafe import Markup, escape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from crosslift.reports.looks import colour_variables

INK = "#1b2330"
MUTED = "#56606f"
RULE = "#d8dde5"
PAPER = "#ffffff"
PIXELS_PER_INCH = 72
PNG_PIXELS_PER_INCH = 144
_THEME = {INK: "currentColor", MUTED: "var(--muted)", RULE: "var(--rule)", PAPER: "var(--paper)"}
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "crosslift",
    "font.family": ["DejaVu Sans"],
    "font.size": 12.0,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "legend.frameon": False,
    "axes.unicode_minus": True,
}


@dataclass(frozen=True)
class Plot:
    """A finished plot.

    Args:
        name: file name without its ending.
        caption: what it shows, below it on the page.
        alternative: the caption with the numbers, for readers who cannot see it.
        svg: the file on disk, on white.
        png: the file on disk, on white.
        inline: the same picture for the page, in the page's colours.
    """

    name: str
    caption: str
    alternative: str
    svg: str
    png: bytes
    inline: Markup


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib's settings of every plot, within the block."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure; width and height in pixels of the page."""
    return Figure(figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)


def finish(figure: Figure, name: str, caption: str, numbers: str = "") -> Plot:
    """Render a figure as SVG, as PNG and for the page; call it inside ``drawing``.

    Args:
        figure: to render.
        name: file name without its ending.
        caption: what it shows, without a full stop.
        numbers: the numbers in the figure, in words, without a full stop.
    """
    alternative = f"{caption}: {numbers}." if numbers else f"{caption}."
    vector = io.StringIO()
    FigureCanvasSVG(figure).print_svg(vector, metadata={"Date": None, "Creator": None})
    raster = io.BytesIO()
    figure.set_dpi(PNG_PIXELS_PER_INCH)
    FigureCanvasAgg(figure).print_png(raster, metadata={"Software": None})
    svg = vector.getvalue()
    inline = inline_svg(svg, name, alternative)
    return Plot(name, f"{caption}.", alternative, svg, raster.getvalue(), inline)


def inline_svg(svg: str, name: str, alternative: str) -> Markup:
    """Matplotlib's SVG, adapted for a page.

    Ids are made unique in the page, the size follows the column, colours become the page's custom
    properties, the font is the page's. Styles that would apply to the whole page are left out.

    Args:
        svg: the file that matplotlib wrote.
        name: prefix of the ids, unique in the page.
        alternative: text of the picture for readers who cannot see it.

    Returns:
        The ``svg`` element.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style.*?</style>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(xlink:)?href="#([^"]+)"', rf'href="#{name}-\2"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r"font-family: [^;\"]+", "font-family: inherit", body)
    body = re.sub(r"(font: [^;\"]*?\d(?:px)?) '[^;\"]*", r"\1 var(--sans)", body)
    for colour, value in _page_colours().items():
        body = body.replace(colour, value)
    return Markup(_with_opening(body, alternative))


def _page_colours() -> dict[str, str]:
    arms = {colour: f"var({name})" for name, colour in colour_variables(dark=False).items()}
    return {**_THEME, **arms}


def _with_opening(body: str, alternative: str) -> str:
    end = body.index(">") + 1
    box = re.search(r'viewBox="([^"]+)"', body[:end])
    view = box.group(1) if box else "0 0 100 100"
    width = float(view.split()[2])
    return (
        f'<svg class="plot" role="img" aria-label="{escape(alternative)}" viewBox="{view}"'
        f' style="max-width: {width * 1.2:.0f}px; min-width: {min(width, 300) * 0.95:.0f}px">'
        f"{body[end:]}"
    )
