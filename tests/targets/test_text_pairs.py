"""Own pairs as a target."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.planning.load_target import load_target
from crosslift.targets.target_settings import TargetSettings
from crosslift.targets.text_pairs import load_text_pairs


def table(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_anchors_find_positives_in_each_language(tmp_path: Path) -> None:
    file = table(
        tmp_path / "pairs.tsv",
        "question\tpositive\tlanguage",
        "where\there\ten",
        "when\tnow\ten",
        "wo\thier\tde",
        "wann\tjetzt\tde",
    )
    settings = TargetSettings(name="text-pairs", data=file, columns={"anchor": "question"})
    loaded = load_target(settings)
    bitexts = loaded.data.bitexts
    assert {code: (b.src, b.tgt, b.tgt_language) for code, b in bitexts.items()} == {
        "de": (("wo", "wann"), ("hier", "jetzt"), "de"),
        "en": (("where", "when"), ("here", "now"), "en"),
    }


def test_a_text_is_the_answer_of_one_question(tmp_path: Path) -> None:
    file = table(
        tmp_path / "pairs.csv",
        "anchor,positive",
        "where,here",
        "where,there",
        "wo,here",
        "when,now",
    )
    data = load_text_pairs(TargetSettings(name="text-pairs", data=file))
    assert data.bitexts["en"].src == ("where", "when")
    assert sum(data.left_out["en"].values()) == 2


def test_a_language_that_the_table_lacks_is_named(tmp_path: Path) -> None:
    file = table(tmp_path / "pairs.csv", "anchor,positive", "where,here", "when,now")
    with pytest.raises(DataError, match="no pair in de"):
        load_text_pairs(TargetSettings(name="text-pairs", data=file, languages=("de",)))
    data = load_text_pairs(TargetSettings(name="text-pairs", data=file, languages=("en", "de")))
    assert list(data.bitexts) == ["en"]
    assert list(data.gaps) == ["de"]


def test_without_data_the_columns_are_named() -> None:
    with pytest.raises(DataError, match="anchor and positive"):
        load_text_pairs(TargetSettings(name="text-pairs"))
