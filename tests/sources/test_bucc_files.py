"""The files of BUCC 2018: what is read, where it may lie, and every fault by name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.sources import bucc_files
from crosslift.sources.bucc_files import (
    languages_in,
    load_bucc,
    splits_in,
    unread_in,
)

GERMAN = "de-000000001\tGuten Tag.\nde-000000002\tJa.\nde-000000003\tNein.\n"
ENGLISH = "en-000000001\tNo.\nen-000000002\tHello.\n"
GOLD = "de-000000001\ten-000000002\nde-000000003\ten-000000001\n"


def put(
    folder: Path,
    src: str | bytes = GERMAN,
    tgt: str | bytes = ENGLISH,
    gold: str | bytes | None = GOLD,
    *,
    split: str = "dev",
    language: str = "de",
) -> Path:
    """The three files of a split; its gold is left out for None."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, content in ((language, src), ("en", tgt), ("gold", gold)):
        if content is not None:
            data = content if isinstance(content, bytes) else content.encode()
            (folder / f"{language}-en.{split}.{side}").write_bytes(data)
    return folder


def test_a_split(tmp_path: Path) -> None:
    split = load_bucc(put(tmp_path), "de", "dev")
    assert (split.language, split.split) == ("de", "dev")
    assert split.src_ids == ("de-000000001", "de-000000002", "de-000000003")
    assert split.src == ("Guten Tag.", "Ja.", "Nein.")
    assert split.tgt_ids == ("en-000000001", "en-000000002") and split.tgt == ("No.", "Hello.")
    assert split.gold == ((0, 1), (2, 0))


def test_a_split_without_gold_and_one_with_several_pairs_of_a_text(tmp_path: Path) -> None:
    assert load_bucc(put(tmp_path, gold=None, split="test"), "de", "test").gold is None
    gold = "de-000000001\ten-000000002\nde-000000001\ten-000000001\n"
    assert load_bucc(put(tmp_path, gold=gold), "de", "dev").gold == ((0, 1), (0, 0))


def test_mark_line_ends_and_tabs_in_the_text(tmp_path: Path) -> None:
    src = "\ufeffde-1\tEins\u2028zwei\r\nde-2\t drei\tvier \r\n"
    split = load_bucc(put(tmp_path, src, "en-1\tOne", "de-2\ten-1\r\n"), "de", "dev")
    assert split.src == ("Eins\u2028zwei", "drei\tvier") and split.gold == ((1, 0),)


def test_sample_and_dev_are_one_split(tmp_path: Path) -> None:
    put(tmp_path, split="sample")
    assert splits_in(tmp_path, "de") == ("dev",)
    assert load_bucc(tmp_path, "de", "dev") == load_bucc(tmp_path, "de", "sample")
    put(tmp_path, split="dev")
    with pytest.raises(DataError, match=r"dev split of 'de' twice: de-en\.dev and de-en\.sample"):
        load_bucc(tmp_path, "de", "dev")


def test_folders_as_the_archives_unpack(tmp_path: Path) -> None:
    put(tmp_path / "de-en", split="training")
    put(tmp_path / "fr-en", "fr-1\tOui", "en-1\tYes", "fr-1\ten-1", language="fr", split="sample")
    put(tmp_path, "zh-1\t是", "en-1\tYes", "zh-1\ten-1", language="zh", split="test")
    put(tmp_path / "old-en", split="dev")
    assert languages_in(tmp_path) == ("de", "fr", "zh")
    assert [splits_in(tmp_path, code) for code in ("de", "fr", "zh", "ru")] == [
        ("training",),
        ("dev",),
        ("test",),
        (),
    ]
    assert load_bucc(tmp_path, "fr", "dev").src == ("Oui",)
    with pytest.raises(DataError, match="no test split of 'de'") as caught:
        load_bucc(tmp_path, "de", "test")
    assert "it has: de training, fr dev, zh test" in str(caught.value)
    put(tmp_path, split="training")
    with pytest.raises(DataError, match="training split of 'de' twice"):
        load_bucc(tmp_path, "de", "training")


def test_splits_are_listed_in_one_order_and_other_files_are_left_alone(tmp_path: Path) -> None:
    for split in ("test", "sample", "training"):
        put(tmp_path, split=split)
    for name in ("README", "de-en.notes.de", "en-en.dev.en", "de-en.dev.fr", "x-de-en.dev.de"):
        (tmp_path / name).write_text("no file of a split\n")
    assert languages_in(tmp_path) == ("de",)
    assert splits_in(tmp_path, "de") == ("dev", "training", "test")
    assert set(unread_in(tmp_path)) == {
        *("de-en.notes.de", "en-en.dev.en", "de-en.dev.fr", "x-de-en.dev.de")
    }


def test_ids_of_any_length(tmp_path: Path) -> None:
    long = "de-" + "9" * 5000
    put(tmp_path)
    (tmp_path / "de-en.dev.gold").write_text(f"{long}\ten-000000001\n")
    with pytest.raises(DataError, match="is not in"):
        load_bucc(tmp_path, "de", "dev")


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is not a folder"):
        languages_in(tmp_path / "nowhere")
    assert languages_in(tmp_path) == ()
    with pytest.raises(
        DataError, match=r"holds no training split of 'de'.*\n.*de-en\.training\.de"
    ):
        load_bucc(tmp_path, "de", "training")
    with pytest.raises(DataError, match=r"unknown split 'train'.*\n.*dev \(or sample\), training"):
        load_bucc(tmp_path, "de", "train")
    put(tmp_path)
    for gone, other in (("de", "en"), ("en", "de")):
        copy = shutil.copytree(tmp_path, tmp_path / f"without-{gone}")
        (copy / f"de-en.dev.{gone}").unlink()
        with pytest.raises(DataError, match=rf"de-en\.dev\.{other} has no de-en\.dev\.{gone}"):
            load_bucc(copy, "de", "dev")


@pytest.mark.parametrize(
    ("side", "content", "message"),
    [
        ("src", "", r"de-en\.dev\.de is empty"),
        ("tgt", "", r"de-en\.dev\.en is empty"),
        ("gold", "", r"de-en\.dev\.gold is empty"),
        ("src", "de-1\tEins\nde-2 zwei\n", r"dev\.de, line 2: no tab in 'de-2 zwei'"),
        ("gold", "de-000000001 en-000000001\n", r"gold, line 1: no tab in 'de-000000001 en-"),
        ("tgt", "en-1\tOne\n\n", r"dev\.en, line 2: no tab in ''"),
        ("src", "de-1\tEins\nde-2\t \n", r"dev\.de, line 2: an empty column in 'de-2\\t '"),
        ("src", "\tEins\n", r"dev\.de, line 1: an empty column"),
        ("src", b"de-1\tEins\nde-2\t\xe4\n", r"dev\.de, line 2: byte 0xe4 is not UTF-8"),
        ("src", "de-1\tA\nde-2\tB\nde-1\tC\n", r"dev\.de, line 3: id 'de-1' is also in line 1"),
        ("tgt", "en-1\tA\nen-1\tA\n", r"dev\.en, line 2: id 'en-1' is also in line 1"),
        ("src", "fr-1\tOui\n", r"line 1: id 'fr-1'\n.*ids that begin with de-"),
        (
            "gold",
            "de-000000001\ten-000000009\n",
            r"gold, line 1: id 'en-000000009' is not in .*en\n",
        ),
        (
            "gold",
            "de-000000001\ten-000000001\nde-7\ten-000000002\n",
            r"gold, line 2: id 'de-7' is not in .*de-en\.dev\.de\n.*3 ids, from de-000000001 to de-",
        ),
        (
            "gold",
            GOLD + "de-000000001\ten-000000002\n",
            r"line 3: the pair de-000000001 en-000000002 is also in line 1",
        ),
        (
            "gold",
            "en-000000002\tde-000000001\n",
            r"(?s)line 1: 'en-000000002' is of the second.*the columns are swapped",
        ),
    ],
)
def test_faulty_files(tmp_path: Path, side: str, content: str | bytes, message: str) -> None:
    put(tmp_path, **{side: content})  # type: ignore[arg-type]
    with pytest.raises(DataError, match=message):
        load_bucc(tmp_path, "de", "dev")


def test_swapped_sides(tmp_path: Path) -> None:
    put(tmp_path, ENGLISH, GERMAN)
    with pytest.raises(
        DataError, match=r"(?s)dev\.de, line 1: the id 'en-000000001'.*de and en look swapped"
    ):
        load_bucc(tmp_path, "de", "dev")
    put(tmp_path, GERMAN, ENGLISH + "de-000000004\tDoch.\n")
    with pytest.raises(DataError, match=r"dev\.en, line 3: the id 'de-000000004' belongs to the"):
        load_bucc(tmp_path, "de", "dev")


@pytest.mark.parametrize(
    ("gold", "first"),
    [
        ("de-000000002\ten-000000002\nde-000000004\ten-000000001\n", "de-000000004"),
        ("de-000000001\ten-000000003\n", "en-000000003"),
        ("de-000000000\ten-000000001\n", "de-000000000"),
    ],
)
def test_gold_that_is_off_by_one(tmp_path: Path, gold: str, first: str) -> None:
    put(tmp_path, gold=gold)
    with pytest.raises(DataError, match=f"id '{first}' is not in") as caught:
        load_bucc(tmp_path, "de", "dev")
    assert "is one file numbered from 0 and the other from 1?" in str(caught.value)


def test_only_ids_at_the_end_are_called_off_by_one(tmp_path: Path) -> None:
    put(tmp_path, gold="de-000000005\ten-000000001\n")
    with pytest.raises(DataError, match="'de-000000005' is not in") as caught:
        load_bucc(tmp_path, "de", "dev")
    assert caught.value.remedy is None


@pytest.mark.parametrize("change", ["longer", "later", "gone", "faulty"])
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    put(tmp_path)
    plain = bucc_files.read_lines

    def read_and_change(path: Path) -> list[str]:
        lines = plain(path)
        if path.suffix == ".en":
            other = path.with_suffix(".de")
            if change == "longer":
                other.write_text(GERMAN + "de-000000004\tDoch.\n", encoding="utf-8")
            elif change == "later":
                os.utime(other, ns=(1, other.stat().st_mtime_ns + 1000))
            elif change == "gone":
                other.unlink()
            else:
                path.with_suffix(".gold").write_text("half a li", encoding="utf-8")
        return lines

    monkeypatch.setattr(bucc_files, "read_lines", read_and_change)
    name = "gold" if change == "faulty" else "de"
    with pytest.raises(DataError, match=rf"de-en\.dev\.{name} changed while it was read"):
        load_bucc(tmp_path, "de", "dev")
