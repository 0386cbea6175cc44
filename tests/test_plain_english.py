"""Docstrings, comments, messages and docs are free of the plainest offenders against plain English."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "crosslift"
HISTORY = {"log.md", "CHANGELOG.md"}

ANYWHERE = {
    r"\b(?:is|are|was|were|been) told\b": "the image tower is told the class",
    r"\bgo(?:es)? on\b(?! [A-Z])": "training goes on after a stop",
    r"\b(?:is|are|be) had\b": "the data cannot be had",
    r"\bso many\b": "draws so many records",
    r"\bof (?:its|their|our|his) own(?=[.,;:)]|$)": "each seed has a draw of its own.",
    r"\bstands? (?:in|beside|at|there)\b": "clean scores stand beside the others",
    r"\basked otherwise\b": "the comparisons are asked otherwise",
    r"\b[Ll]ikewise\b": "the tgt texts likewise",
    r"\ba (?:row|text|line|key|point) a (?:row|line|query|target|page)\b": "a text a line",
    r"\bnot what it should be\b": "the file is not what it should be",
}
"""Pattern of an offender -> an example of it."""
IN_DOCSTRINGS = {
    r"^\s*\w+(?:, \w+)*: (?:of|whose) ": "        folder: of the run.",
    r"^(?:Of|Those|Theirs) ": "Of all files.",
}
"""The same for the lines of docstrings, which begin with a noun or a verb."""


def modules() -> list[Path]:
    return sorted(SOURCES.rglob("*.py"))


def documents() -> list[Path]:
    pages = [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), *SOURCES.rglob("*.j2")]
    return sorted(page for page in pages if page.name not in HISTORY)


def texts_of(tree: ast.AST, path: Path) -> Iterator[str]:
    """Every text in a module: docstrings, messages, comments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.string


def docstrings(tree: ast.AST) -> Iterator[str]:
    """The docstrings of a module, and the texts below its constants and fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def offenders_in(text: str) -> list[str]:
    """The offenders in a text, whose lines may break anywhere."""
    joined = re.sub(r"\s+", " ", text)
    return [match[0] for pattern in ANYWHERE for match in re.finditer(pattern, joined)]


def offending_lines(docstring: str) -> list[str]:
    """The lines of a docstring that begin without a noun or a verb."""
    patterns = "|".join(f"(?:{pattern}.*)" for pattern in IN_DOCSTRINGS)
    return [match[0].strip() for match in re.finditer(patterns, docstring, re.MULTILINE)]


def test_modules_have_no_offenders() -> None:
    offenders = []
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        phrases = [each for text in texts_of(tree, path) for each in offenders_in(text)]
        lines = [each for text in docstrings(tree) for each in offending_lines(text)]
        name = path.relative_to(SOURCES)
        offenders += [f"{name}: {each}" for each in dict.fromkeys([*phrases, *lines])]
    assert not offenders


def test_documents_have_no_offenders() -> None:
    offenders = [
        f"{page.relative_to(ROOT)}: {each}"
        for page in documents()
        for each in offenders_in(page.read_text(encoding="utf-8"))
    ]
    assert not offenders


@pytest.mark.parametrize(("pattern", "example"), [*ANYWHERE.items(), *IN_DOCSTRINGS.items()])
def test_every_offender_is_recognised(pattern: str, example: str) -> None:
    assert re.search(pattern, example, re.MULTILINE)
    assert offenders_in(example.strip()) or offending_lines(example)
