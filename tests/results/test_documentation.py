"""The generated part of docs/json.md: it is as the records are, and it leaves out none."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import crosslift.results
from crosslift.errors import DataError
from crosslift.results.documentation import MARK, documentation, documented_classes, write_page
from crosslift.results.result_record import ResultRecord

PAGE = Path(__file__).parents[2] / "docs" / "json.md"


def records() -> Iterator[type[ResultRecord]]:
    """Every class of records."""
    for module in pkgutil.iter_modules(crosslift.results.__path__, "crosslift.results."):
        importlib.import_module(module.name)
    waiting = list(ResultRecord.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("crosslift.results."):
            yield kind


def test_the_page_is_as_the_records_are() -> None:
    _, mark, generated = PAGE.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{PAGE} lacks the line {MARK}"
    assert generated.strip() == documentation().strip(), "docs/json.md is stale: run `make docs`"


def test_every_record_is_documented_by_itself_or_in_one_that_extends_it() -> None:
    documented = documented_classes()
    missing = [
        kind.__name__
        for kind in records()
        if not any(issubclass(each, kind) for each in documented)
    ]
    assert missing == []


def test_names_are_unique_since_links_go_by_them() -> None:
    names = [kind.__name__ for kind in documented_classes()]
    assert sorted(names) == sorted(set(names))


def test_a_type_is_said_in_words_of_json() -> None:
    page = documentation()
    assert "| `thresholds` | list of (number or null) |" in page
    assert "| `matrix` | list of list of number |" in page
    assert "| `split` | `dev` or `test` or null |" in page
    assert "| `schema` |" in page, "a field is named as the file names it"
    assert "| `languages` | object of object of number |" in page
    assert "| `stage` | integer | Number of the stage, from 0. |" in page


def test_a_page_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# By hand\n\n{MARK}\n\nold\n", encoding="utf-8")
    write_page(page, documentation())
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# By hand\n\n{MARK}\n\n## What commands write")
    assert "\nold\n" not in text
    page.write_text("# By hand\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no generated part"):
        write_page(page, documentation())
