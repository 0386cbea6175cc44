"""The parts of pages: sections, templates, and marked names in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from crosslift.metrics.table import described
from crosslift.reports.language_names import name_of
from crosslift.reports.svg import Plot
from crosslift.reports.zero_shot import not_zero_shot
from crosslift.results.run_folder import RunFolder
from crosslift.wording import baseline_words, percent, plural

View = TypeVar("View")


def _no_plots(_: Any) -> tuple[Plot, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Section(Generic[View]):
    """A section of the report.

    Args:
        anchor: its anchor on the page, and the name of its template: ``sections/ANCHOR.html.j2``.
        title: in its heading and in the navigation.
        view: makes the content that the template shows of a run. None: this run has nothing to show.
        plots: returns the plots of a view, for the files beside the page.
        parts: sections within this one, where its template places them.
    """

    anchor: str
    title: str
    view: Callable[[RunFolder], View | None]
    plots: Callable[[View], tuple[Plot, ...]] = _no_plots
    parts: tuple[Section[Any], ...] = ()

    @property
    def template(self) -> str:
        """The path of its template in the folder of templates."""
        return f"sections/{self.anchor}.html.j2"

    def show(self, folder: RunFolder) -> ShownSection | None:
        """The section of a run; None if the run has nothing to show in it.

        Raises:
            DataError: a file of the folder is malformed.
            UnknownNameError: a file names an arm or a target that ``run.json`` does not.
        """
        view = self.view(folder)
        if view is None:
            return None
        return ShownSection(self, view, self.plots(view), shown_sections(self.parts, folder))


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section of one run.

    Args:
        section: its declaration.
        view: the content that its template shows.
        plots: plots of the view.
        parts: the parts of the section that the run has.
    """

    section: Section[Any]
    view: Any
    plots: tuple[Plot, ...]
    parts: tuple[ShownSection, ...]

    def walk(self) -> Iterator[ShownSection]:
        """This section and all sections within it, in the order of the page."""
        yield self
        for part in self.parts:
            yield from part.walk()


def shown_sections(
    sections: tuple[Section[Any], ...], folder: RunFolder
) -> tuple[ShownSection, ...]:
    """The sections for which a run has content, in their order.

    Raises:
        DataError: a file of the folder is malformed.
        UnknownNameError: a file names an arm or a target that ``run.json`` does not.
    """
    return tuple(shown for section in sections if (shown := section.show(folder)) is not None)


def templates() -> Environment:
    """The templates of this package: content is escaped, and an undefined name is an error."""
    environment = Environment(
        loader=PackageLoader("crosslift.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["not_zero_shot"] = not_zero_shot
    return environment


def names_marked(sentence: str) -> Markup:
    """A sentence with names in backticks marked as code, all else escaped."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return escape(sentence)
    marked = (
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)
    )
    return Markup("").join(marked)


def report_templates() -> Environment:
    """The environment of the templates that show what a run says: the report, and the claims."""
    environment = templates()
    environment.filters.update(
        plural=plural,
        percent=percent,
        metric=lambda name: described(name).heading,
        language=name_of,
        names_marked=names_marked,
        baseline_words=baseline_words,
    )
    return environment
