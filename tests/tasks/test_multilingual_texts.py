"""Texts in many languages: your own files and folders, and Wikipedia from the hub."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tiny_encoder import load_tiny

from crosslift.errors import CrossLiftError, DataError, StudyError, UnknownNameError
from crosslift.forms.form import FormOptions, Split, group_numbers
from crosslift.languages import XTREME_TATOEBA, is_known
from crosslift.sources.hub import HubDataset
from crosslift.sources.hub_texts import HubTexts, paragraphs_of
from crosslift.sources.language_files import find_language_files
from crosslift.sources.record import Record
from crosslift.sources.text_files import lines_in
from crosslift.tasks.all_tasks import CORPORA, TASKS, find_task, needs_data
from crosslift.tasks.wikipedia_mlm import ARTICLES, FEWEST_LETTERS, LANGUAGES, WIKIPEDIA_MLM


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        data = text.encode("utf-8")
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def facts_of(records: list[Record]) -> list[tuple[str, str, str]]:
    return [(r.id, r.language, r.texts["text"]) for r in records]


# A file


def test_blank_lines_of_a_text_file_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "\ufeffeins\r\n\r\n \t\nzwei\n\n", "blank.txt": "\n \n"})
    task = find_task("masked-lm", tmp_path / "a.txt")
    assert facts_of(task.source.train()) == [("1", "en", "eins"), ("4", "en", "zwei")]
    assert task.source.dev() == []
    with pytest.raises(DataError, match=r"blank\.txt holds no row"):
        find_task("masked-lm", tmp_path / "blank.txt").source.train()
    with pytest.raises(DataError, match=r"missing\.txt cannot be read"):
        find_task("masked-lm", tmp_path / "missing.txt")


TABLES = {
    "t.jsonl": '{"text": "eins", "language": "de"}\n\n{"language": "pt_br", "text": "um"}\n',
    "t.json": '[{"text": "eins", "language": "de"}, {"language": "pt-BR", "text": "um"}]',
    "t.tsv": "language\ttext\nde\teins\nPT-br\tum\n",
    "t.csv.gz": 'text,language\n"eins",de\num,pt-BR\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_a_column_of_languages(name: str, tmp_path: Path) -> None:
    write(tmp_path, TABLES)
    task = find_task("masked-lm", tmp_path / name)
    assert [(code, text) for _, code, text in facts_of(task.source.train())] == [
        ("de", "eins"),
        ("pt-BR", "um"),
    ]
    assert task.languages == ("de", "pt-BR")
    assert task.form.columns == {"text": "text"}


def test_columns_of_other_names(tmp_path: Path) -> None:
    write(tmp_path, {"t.tsv": "lang\tline\tlanguage\nde\teins\tx\nfi\tyksi\ty\n"})
    columns = {"text": "line", "language": "lang"}
    task = find_task("masked-lm", tmp_path / "t.tsv", columns)
    assert [r[1:] for r in facts_of(task.source.train())] == [("de", "eins"), ("fi", "yksi")]
    others = find_task("masked-lm", tmp_path / "t.tsv", {"text": "language", "language": "lang"})
    assert [r[1:] for r in facts_of(others.source.train())] == [("de", "x"), ("fi", "y")]
    assert others.source.checksum() != task.source.checksum(), "the key depends on the columns"
    bound = find_task("masked-lm", tmp_path / "t.tsv", {"text": "language"})
    assert [r[1:] for r in facts_of(bound.source.train())] == [("en", "x"), ("en", "y")]


@pytest.mark.parametrize(
    ("code", "near"),
    [("deu", "did you mean 'de'"), ("cmn", "did you mean 'zh'"), ("kaz-x", None), ("German", None)],
)
def test_an_unknown_language_in_a_table(code: str, near: str | None, tmp_path: Path) -> None:
    write(tmp_path, {"t.tsv": f"text\tlanguage\na\tfi\nb\t{code}\n"})
    with pytest.raises(DataError) as error:
        find_task("masked-lm", tmp_path / "t.tsv")
    message = (
        f"t.tsv, row 3: column 'language' holds {code!r}, which is the code of no known language"
    )
    assert message in str(error.value)
    assert near is None or near in str(error.value)


def test_an_empty_language_and_an_empty_text_are_errors_in_tables(tmp_path: Path) -> None:
    write(tmp_path, {"a.tsv": "text\tlanguage\na\t\n", "b.tsv": "text\tn\n\t1\n"})
    with pytest.raises(DataError, match="row 2: column 'language' is empty"):
        find_task("masked-lm", tmp_path / "a.tsv")
    with pytest.raises(DataError, match="row 2: column 'text' is empty"):
        find_task("masked-lm", tmp_path / "b.tsv").source.train()


# Languages and groups of pairs and pictures


def test_text_pairs_with_languages_and_groups(tmp_path: Path) -> None:
    rows = ["anchor\tpositive\tgroup\tlanguage", "a\tb\t1\ten", "c\td\t1\tde", "a\te\t\tfr"]
    write(tmp_path, {"p.tsv": "\n".join([*rows, "a\tf\t\tfr"]) + "\n"})
    task = find_task("text-pairs", tmp_path / "p.tsv")
    records = task.source.train()
    assert [r.language for r in records] == ["en", "de", "fr", "fr"]
    assert task.languages == ("de", "en", "fr")
    assert [r.group for r in records] == ["1", "1", "a", "a"], "without one, the anchor's"
    assert group_numbers(records).tolist() == [0, 0, 1, 1]
    assert task.form.open().columns == ("anchor", "positive")


def test_text_pairs_bind_group_and_language_by_columns(tmp_path: Path) -> None:
    write(tmp_path, {"p.jsonl": '{"anchor": "a", "positive": "b", "topic": 7, "code": "sw"}\n'})
    columns = {"group": "topic", "language": "code"}
    (record,) = find_task("text-pairs", tmp_path / "p.jsonl", columns).source.train()
    assert (record.group, record.language) == ("7", "sw")
    with pytest.raises(DataError, match="no column 'topc'"):
        find_task("text-pairs", tmp_path / "p.jsonl", {"group": "topc"}).source.train()
    plain = find_task("text-pairs", tmp_path / "p.jsonl")
    assert plain.languages == ("en",)
    assert plain.source.train()[0].group == "a"


def test_image_texts_with_languages_and_groups(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png"):
        (tmp_path / name).write_bytes(b"x")
    rows = ["text\timage\tlanguage\tgroup", "x\t1.png\ten\tcat", "y\t2.png\tde\tcat"]
    write(tmp_path, {"p.tsv": "\n".join([*rows, "z\t3.png\tde\t"]) + "\n"})
    records = find_task("image-text", tmp_path / "p.tsv").source.train()
    assert [r.group for r in records] == ["cat", "cat", "3.png"]
    assert [r.language for r in records] == ["en", "de", "de"]


def test_a_masked_lm_has_no_groups(tmp_path: Path) -> None:
    write(tmp_path, {"t.tsv": "text\tgroup\na\t1\n"})
    with pytest.raises(UnknownNameError, match="unknown column of masked-lm 'group'"):
        find_task("masked-lm", tmp_path / "t.tsv", {"group": "group"})
    (record,) = find_task("masked-lm", tmp_path / "t.tsv").source.train()
    assert record.group == ""


# A folder


FOLDER = {
    "de.txt": "eins\n\nzwei\n",
    "pt_br.txt.gz": "um\n",
    "zh-Hans.jsonl": '{"text": "一"}\n',
    "sw.tsv": "text\tlanguage\nmoja\tsw\n",
    ".hidden": "not read",
}


def test_a_folder_with_a_file_for_each_language(tmp_path: Path, xlm_folder: Path) -> None:
    folder = write(tmp_path / "texts", FOLDER)
    task = find_task("masked-lm", folder)
    assert task.languages == ("de", "pt-BR", "sw", "zh-Hans")
    records = task.source.train()
    assert facts_of(records) == [
        ("de:1", "de", "eins"),
        ("de:3", "de", "zwei"),
        ("pt-BR:1", "pt-BR", "um"),
        ("sw:2", "sw", "moja"),
        ("zh-Hans:1", "zh-Hans", "一"),
    ]
    assert task.source.dev() == []
    options = FormOptions(text_locked=False, partners="own", seed=0)
    opened = task.form.open().open(load_tiny(xlm_folder), Split(records), Split([]), options)
    drawn = [records[row].language for row in opened.draw(0, 8, 0)]
    assert sorted(drawn) == sorted(2 * task.languages), "each equally often"
    assert np.isfinite(opened.loss(np.arange(5), np.random.default_rng(0)).loss.item())


def test_the_checksum_is_of_every_file_and_its_name(tmp_path: Path) -> None:
    sums = {find_task("masked-lm", write(tmp_path / "same", FOLDER)).source.checksum()}
    again = find_task("masked-lm", write(tmp_path / "there" / "same", FOLDER)).source.checksum()
    assert {again} == sums
    for number, name in enumerate([n for n in FOLDER if n != ".hidden"]):
        text = FOLDER[name].replace("\n", "\n" * 2, 1)
        folder = write(tmp_path / str(number), {**FOLDER, name: text})
        sums.add(find_task("masked-lm", folder).source.checksum())
    renamed = {("nl.txt" if name == "de.txt" else name): text for name, text in FOLDER.items()}
    sums.add(find_task("masked-lm", write(tmp_path / "renamed", renamed)).source.checksum())
    assert len(sums) == 6


def test_columns_of_tables_in_a_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", {"fi.tsv": "n\tline\n1\tyksi\n", "de.csv": "line\neins\n"})
    task = find_task("masked-lm", folder, {"text": "line"})
    assert facts_of(task.source.train()) == [("de:2", "de", "eins"), ("fi:2", "fi", "yksi")]
    with pytest.raises(StudyError, match="the name of each file tells its language"):
        find_task("masked-lm", folder, {"language": "n"})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"holds nothing\nExpected: a file for each language"),
        ({"de.txt": "a", "README": "x", "fi.pdf": "x"}, r"holds README, fi\.pdf\n.*nothing else"),
        ({"de.txt": "a", "fi.xml": "x"}, r"Next: remove the others"),
        ({"deu.txt": "a"}, r"deu\.txt holds 'deu', which is the code of no known.*mean 'de'"),
        ({"all.wiki.txt": "a"}, r"the name of .*all\.wiki\.txt holds 'all\.wiki'"),
        ({"de.txt": "a", "de.jsonl": "{}"}, r"de\.jsonl and de\.txt are both of the language de"),
        ({"pt-BR.txt": "a", "pt_br.txt": "b"}, "are both of the language pt-BR"),
        (
            {"de.tsv": "text\tlanguage\na\tde\nb\tfr\n"},
            r"de\.tsv, row 3: column 'language' holds 'fr'\nExpected: 'de', as in the file's name",
        ),
        ({"de.txt": "a\n", "fi.txt": "\n"}, r"fi\.txt holds no row"),
        ({"de.txt.gz": "a"}, None),
    ],
)
def test_folders_at_fault(tmp_path: Path, files: dict[str, str], message: str | None) -> None:
    folder = write(tmp_path / "texts", files)
    if message is None:
        (folder / "de.txt.gz").write_bytes(b"a\n")
        message = r"de\.txt\.gz is not a whole gzip file"
    with pytest.raises(DataError, match=re.compile(message, re.DOTALL)):
        find_task("masked-lm", folder).source.train()


def test_a_folder_in_a_folder_and_a_folder_for_pairs(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", {"de.txt": "a"})
    (folder / "fi.txt").mkdir()
    with pytest.raises(DataError, match=r"holds fi\.txt"):
        find_language_files(folder)
    with pytest.raises(DataError, match="is not a folder"):
        find_language_files(folder / "de.txt")
    (folder / "fi.txt").rmdir()
    with pytest.raises(
        DataError, match=r"de\.txt, row 1: no column 'anchor'"
    ):  # a folder of tables
        find_task("text-pairs", folder).source.train()


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    """A fault far behind is raised only when it is reached, and the error names the line."""
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffa\x0bb\r\n\nc\u2028d".encode() + b"\n\xff\n")
    lines = lines_in(path)
    assert [next(lines) for _ in range(3)] == ["a\x0bb", "", "c\u2028d"]
    with pytest.raises(DataError, match=r"a\.txt, line 4: byte 0xff is not UTF-8"):
        next(lines)
    whole = gzip.compress(b"a\n" * 9)
    (tmp_path / "b.gz").write_bytes(whole[:-9])
    with pytest.raises(DataError, match=r"b\.gz is not a whole gzip file"):
        list(lines_in(tmp_path / "b.gz"))


# Wikipedia


PARAGRAPH = "Letters enough to make a paragraph of an article"


def article(code: str, number: int) -> dict[str, str]:
    text = f"{PARAGRAPH} {code} {number}\nand a second line.\n\nHistory\n \n{PARAGRAPH} again."
    return {"id": str(number), "url": "u", "title": "t", "text": text}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """A fake `datasets` with endless configs; returns the requests and how much was read."""
    requests: list[Any] = []

    def load(name: str, config: str, *, split: str, revision: str, streaming: bool) -> Any:
        call = {"asked": (name, config, split, revision, streaming), "read": 0}
        requests.append(call)

        def rows() -> Iterator[dict[str, str]]:
            while True:
                call["read"] += 1
                yield article(config.split(".")[1], call["read"])

        return rows()

    put(monkeypatch, load)
    yield requests


def put(monkeypatch: pytest.MonkeyPatch, load: Callable[..., Any]) -> None:
    module = ModuleType("datasets")
    module.load_dataset = load  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)


def test_facts_of_wikipedia() -> None:
    assert TASKS["wikipedia-mlm"] is CORPORA["wikipedia-mlm"] is WIKIPEDIA_MLM
    assert find_task("wikipedia-mlm") is WIKIPEDIA_MLM
    assert not needs_data("wikipedia-mlm")
    assert len(LANGUAGES) == len(set(LANGUAGES)) == 40
    assert set(LANGUAGES) == {*XTREME_TATOEBA.values(), "en", "ms", "my", "yo"}
    assert all(is_known(code) for code in LANGUAGES)
    assert WIKIPEDIA_MLM.languages == LANGUAGES
    assert isinstance(WIKIPEDIA_MLM.source, HubTexts)
    assert all(part.pinned for part in WIKIPEDIA_MLM.source.parts.values())
    assert WIKIPEDIA_MLM.form.open().columns == ("text",)
    assert "40 languages" in WIKIPEDIA_MLM.title
    assert f"{ARTICLES} articles" in WIKIPEDIA_MLM.title


def test_wikipedia_streams_the_first_articles_of_each_language(hub: list[Any]) -> None:
    records = WIKIPEDIA_MLM.source.train()
    revision = "b04c8d1ceb2f5cd4588862100d08de323dccfbaa"
    assert [call["asked"] for call in hub] == [
        ("wikimedia/wikipedia", f"20231101.{code}", "train", revision, True) for code in LANGUAGES
    ]
    assert {call["read"] for call in hub} == {ARTICLES}, "no more is fetched than is used"
    assert len(records) == 40 * ARTICLES * 2
    assert facts_of(records[:2]) == [
        ("af:1:1", "af", f"{PARAGRAPH} af 1 and a second line."),
        ("af:1:3", "af", f"{PARAGRAPH} again."),
    ]
    assert len({record.id for record in records}) == len(records)
    assert {record.language for record in records} == set(LANGUAGES)
    assert WIKIPEDIA_MLM.source.dev() == []
    assert len(hub) == 40, "there is no dev split to ask for"


def test_the_checksum_of_wikipedia_needs_no_network_and_tells_how_much_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert len(WIKIPEDIA_MLM.source.checksum()) == 64

    def checksum(**changed: Any) -> str:
        settings = {"config": "20231101.de", "first": 500, **changed}
        part = HubDataset("a/b", "0" * 40, WIKIPEDIA_MLM.source.parts["de"].fields, **settings)
        return HubTexts({"de": part}, 30, "").checksum()

    sums = [checksum(), checksum(first=501), checksum(config="20231101.fi"), checksum(first=None)]
    assert len(set(sums)) == 4
    assert checksum() == sums[0]


@pytest.mark.parametrize("after", [0, 1])
def test_a_network_that_fails_in_the_middle(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    def load(*_: object, **__: object) -> Iterator[dict[str, str]]:
        for number in range(after):
            yield article("af", number)
        raise ConnectionError("Connection lost\nand more")

    put(monkeypatch, load)
    with pytest.raises(DataError) as error:
        WIKIPEDIA_MLM.source.train()
    for part in (
        "wikimedia/wikipedia (20231101.af) at b04c8d1",
        "Connection lost",
        "give `data:` with a folder of texts, a file for each language, such as de.txt",
    ):
        assert part in str(error.value)
    assert "and more" not in str(error.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"no paragraph of wikimedia/wikipedia, 20231101\.af"),
        ([{"id": "1", "text": "short"}], r"no paragraph of wikimedia/wikipedia, 20231101\.af"),
        ([{"id": "1", "text": None}], r"\(20231101\.af\) of the hub, split train, row 1: 'text'"),
        ([{"id": "1", "txt": PARAGRAPH}], "no column 'text'"),
        ([{"id": "1", "text": PARAGRAPH}] * 2, "the id 'af:1' appears twice"),
    ],
)
def test_articles_at_fault(
    monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], message: str
) -> None:
    put(monkeypatch, lambda *_, **__: rows)
    with pytest.raises(CrossLiftError, match=message):
        WIKIPEDIA_MLM.source.train()


def test_wikipedia_from_a_folder(tmp_path: Path, hub: list[Any]) -> None:
    extract = json.dumps({"id": "1", "text": article("de", 1)["text"]})
    files = {"de.jsonl": extract + "\n", "nn.txt": f"{PARAGRAPH}\n\nHistory\n{PARAGRAPH}\n"}
    folder = write(tmp_path / "texts", files)
    task = find_task("wikipedia-mlm", folder, options={"language_temperature": 3.3})
    assert facts_of(task.source.train()) == [
        ("de:1:1", "de", f"{PARAGRAPH} de 1 and a second line."),
        ("de:1:3", "de", f"{PARAGRAPH} again."),
        ("nn:1:1", "nn", PARAGRAPH),
        ("nn:4:1", "nn", PARAGRAPH),
    ]
    assert task.languages == ("de", "nn")
    assert task.source.dev() == []
    assert task.form.options == {"language_temperature": 3.3}
    assert hub == [], "the hub is not asked"
    before = task.source.checksum()
    write(folder, {"nn.txt": f"{PARAGRAPH}\n"})
    assert task.source.checksum() != before
    with pytest.raises(DataError, match="is not a folder"):
        find_task("wikipedia-mlm", folder / "de.jsonl")
    with pytest.raises(StudyError, match="`columns` names text"):
        find_task("wikipedia-mlm", folder, {"text": "line"})
    with pytest.raises(DataError, match=f"no paragraph of {FEWEST_LETTERS} letters"):
        find_task("wikipedia-mlm", write(tmp_path / "b", {"de.txt": "kurz"})).source.train()


def test_paragraphs_count_letters_of_any_script() -> None:
    texts = {"ja": "日本語" * 10, "th": "ภาษาไทย" * 6, "few": "12345 67890 " * 9 + "abc"}
    articles = [Record(name, {"text": text}) for name, text in texts.items()]
    assert [record.id for record in paragraphs_of(articles, 30)] == ["ja:1", "th:1"]


def test_the_listing_shows_wikipedia(crosslift: Any) -> None:
    rows = {row["name"]: row for row in crosslift("tasks", "--json", "-").json}
    wikipedia = rows["wikipedia-mlm"]
    assert wikipedia["form"] == "masked-lm"
    assert wikipedia["languages"] == list(LANGUAGES)
    assert wikipedia["needs_data"] is False
    assert wikipedia["options"] == ["language_temperature", "masked_share", "whole_words"]
    assert "CC BY-SA" in wikipedia["licence"]
    assert rows["masked-lm"]["needs_data"] is True
    assert rows["masked-lm"]["options"] == wikipedia["options"]
    assert rows["mnli"]["options"] == []
    assert "wikipedia-mlm" in crosslift("tasks").out
