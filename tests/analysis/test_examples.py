"""Examples of a report: the sides of a query are those of the direction that asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from crosslift.analysis.examples import _Example
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.pictures_with_texts import PictureData


@pytest.mark.parametrize(
    ("direction", "query", "answer"), [("xx->en", "eins", "two"), ("en->xx", "one", "zwei")]
)
def test_a_query_and_its_answer_are_of_the_direction(
    direction: Any, query: str, answer: str, tmp_path: Path
) -> None:
    data = BitextData({"de": Bitext("de", ("eins", "zwei"), ("one", "two"), ("1", "2"))})
    shown = _Example(data, "de", direction, tmp_path, set())
    gold = {"eins": "one", "one": "eins"}[query]
    assert (shown.query("1")["query_text"], shown.query("1")["gold_text"]) == (query, gold)
    assert shown.answer("arm", {"retrieved": "2", "right": 0.0}).text == answer


def test_a_picture_asks_for_the_texts_it_has(tmp_path: Path) -> None:
    for name in ("p", "q"):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{name}.png")
    texts = {"de": {"p": ("ein Hund", "Hund"), "q": ("Katze",)}}
    pictures = {name: tmp_path / f"{name}.png" for name in ("p", "q")}
    data = PictureData(pictures, texts)
    written: set[str] = set()
    shown = _Example(data, "de", "picture->text", tmp_path / "run", written)
    query = shown.query("p")
    assert (query["query_text"], query["gold_text"]) == (None, "ein Hund")
    assert (tmp_path / "run" / str(query["query_picture"])).is_file() and written == {"p"}
    assert shown.answer("arm", {"retrieved": "p#1", "right": 1.0}).text == "Hund"
    assert shown.answer("arm", {"retrieved": "q", "right": 0.0}).text == "Katze"
    turned = _Example(data, "de", "text->picture", tmp_path / "run", written)
    assert turned.query("q")["query_text"] == "Katze"
    of_topic = replace(data, topics={"p": "animals", "q": "animals"})
    assert (
        _Example(of_topic, "de", "picture->text", tmp_path / "run", written).query("q")["gold_text"]
        == "ein Hund"
    )
