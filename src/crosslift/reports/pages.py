"""The templates of pages, and what they mark in a sentence."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape


def templates() -> Environment:
    """The templates of this package: what they show is escaped, and a name they lack is an error."""
    return Environment(
        loader=PackageLoader("crosslift.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def names_marked(sentence: str) -> Markup:
    """A sentence with the names that stand in backticks marked as such, all else escaped."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:
        return escape(sentence)
    marked = (
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)
    )
    return Markup("").join(marked)
