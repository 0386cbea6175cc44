"""Queries, passages and judgements: every layout, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslift.errors import DataError
from crosslift.sources.judged.collection import check_size
from crosslift.sources.judged.judged_set import JudgedSet, with_pools
from crosslift.sources.judged.layouts import load_judged
from crosslift.sources.judged.measures import MEASURE_LANGUAGES, measures
from tests.samples import judged_samples as samples
from tests.samples.judged_samples import written


def loaded(folder: Path, language: str | None = None) -> dict[str, JudgedSet]:
    return {each.name: each for each in load_judged(folder, language).sets}


def texts_of(judged: JudgedSet) -> list[str]:
    return list(judged.pool.texts)


def test_beir(tmp_path: Path) -> None:
    folder = load_judged(samples.beir(tmp_path / "scifact"), "en")
    (judged,) = folder.sets
    assert judged.name == "en" and list(judged.queries) == ["q0", "q2"]
    assert judged.grades["q0"] == {"d1": 2, "d2": 1} and judged.relevant("q0") == ["d1", "d2"]
    assert judged.unanswered == 2, "q1 has grade 0 alone, q3 is of another split"
    assert texts_of(judged)[:2] == ["text 0", "Title 1 text 1"]
    assert folder.unread == {"scifact/qrels/train.tsv": "judgements of another split"}


def test_beir_in_folders_of_languages(tmp_path: Path) -> None:
    for name in ("de", "french", "de-en"):
        samples.beir(tmp_path / name)
    sets = loaded(tmp_path)
    assert list(sets) == ["de", "de-en", "fr"]
    assert sets["de-en"].language == "de" and dict(sets["de-en"].pool.sizes) == {"en": 6}
    assert set(sets["de"].clusters).isdisjoint(sets["fr"].clusters), "other queries, same ids"


def test_beir_with_languages_in_its_rows(tmp_path: Path) -> None:
    rows = [
        {"_id": "a", "text": "Frage", "language": "de"},
        {"_id": "b", "text": "q", "lang": "en"},
    ]
    written(tmp_path / "queries.jsonl", samples.json_rows(rows))
    passages = [
        {"_id": "x", "text": "Text", "metadata": {"language": "de"}},
        {"_id": "y", "text": "text", "metadata": {"language": "en"}},
    ]
    written(tmp_path / "corpus.jsonl", samples.json_rows(passages))
    written(tmp_path / "qrels" / "test.tsv", "a\tx\t1\na\ty\t1\nb\ty\t1\n")
    sets = loaded(tmp_path)
    assert list(sets) == ["de", "en"] and sets["de"].pool is sets["en"].pool
    assert dict(sets["de"].pool.sizes) == {"de": 1, "en": 1}, "one mixed pool"


def test_trec(tmp_path: Path) -> None:
    sets = loaded(samples.trec(tmp_path))
    assert list(sets) == ["de", "fr"]
    assert sets["fr"].grades == {"fr1": {"fr-a": 1}, "fr2": {"fr-b": 3}}
    assert dict(sets["de"].pool.sizes) == {"de": 2}


def test_miracl(tmp_path: Path) -> None:
    sets = loaded(samples.miracl(tmp_path))
    assert list(sets) == ["sw", "yo"]
    assert list(sets["sw"].queries) == ["1#0", "2#0"], "dev, not train"
    assert texts_of(sets["yo"]) == ["yo ten part 0", "yo ten part 1", "yo eleven part"]
    assert sets["sw"].clusters != sets["yo"].clusters


@pytest.mark.parametrize("inside", [False, True])
def test_mr_tydi(tmp_path: Path, inside: bool) -> None:
    folder = samples.mr_tydi(tmp_path)
    sets = loaded(folder / "mrtydi-v1.1-swahili" if inside else folder)
    assert sets["sw"].queries == {"3": "swali 3"}, "the test split"
    assert texts_of(sets["sw"])[0] == "Kichwa 0\n\nmaandishi"


@pytest.mark.parametrize("inside", [False, True])
def test_mmarco(tmp_path: Path, inside: bool) -> None:
    folder = samples.mmarco(tmp_path)
    data = load_judged(folder / "google" if inside else folder)
    assert data.pool == "own" and [each.language for each in data.sets] == ["de", "en", "es"]
    german = data.sets[0]
    assert german.grades["7"] == {"de/1": 1, "en/1": 1, "es/1": 1}
    assert german.clusters == data.sets[1].clusters == ("7", "8"), "the same queries"
    own = with_pools(data.sets, "own")
    assert own[0].grades["7"] == {"de/1": 1} and dict(own[0].pool.sizes) == {"de": 5}
    cross = with_pools(data.sets, "en")
    assert [each.name for each in cross] == ["de-en", "en", "es-en"]
    assert cross[0].pool is cross[2].pool


def test_clir_matrix(tmp_path: Path) -> None:
    sets = loaded(samples.clir_matrix(tmp_path))
    assert list(sets) == ["de-en"]
    assert sets["de-en"].grades == {"1": {"5": 6, "6": 1, "7": 0}, "2": {"7": 4}}


def test_lareqa(tmp_path: Path) -> None:
    sets = loaded(samples.lareqa(tmp_path / "xquad-r"))
    assert list(sets) == ["de", "en"] and sets["de"].pool is sets["en"].pool
    first, second = "000000.000", "000000.001"
    assert sets["de"].grades == sets["en"].grades
    assert set(sets["en"].grades["q0"]) == {f"en/{first}", f"de/{first}"}
    assert set(sets["en"].grades["q1"]) == {f"en/{second}", f"de/{first}"}
    content = (tmp_path / "xquad-r" / "en.json").read_text(encoding="utf-8")
    written(
        tmp_path / "xquad-r" / "en.json",
        content.replace('"answer_start": 20', '"answer_start": 99'),
    )
    with pytest.raises(DataError, match=r"en.json, question 'q1': its answer at 99"):
        load_judged(tmp_path / "xquad-r")


def test_mewsli(tmp_path: Path) -> None:
    """Texts are those of XTREME-R's `preprocess_mention` and `preprocess_entity_description`."""
    folder = samples.mewsli(tmp_path / "mewsli-x")
    sets = loaded(folder)
    assert list(sets) == ["de", "tr"] and sets["de"].pool is sets["tr"].pool
    assert sets["de"].queries == {
        "de0": "Stadt: Streik in der { Stadt }",
        "de1": "Helsinki: In (Nord)  { Helsinki } fahren keine Busse.",
    }
    assert sets["tr"].grades == {"tr0": {"Q0": 1.0}}
    pool = sets["de"].pool
    assert dict(zip(pool.ids, zip(pool.languages, pool.texts, strict=True), strict=True)) == {
        "Q1": ("en", "A city."),
        "Q0": ("fi", "Kaupunki on suuri. Siellä asutaan."),
    }
    (left_out,) = load_judged(folder).unread.values()
    assert left_out == "1 description without a sentence"


def test_faults_of_mewsli(tmp_path: Path) -> None:
    folder = samples.mewsli(tmp_path)
    path = folder / "wikinews_mentions-test.jsonl"
    content = path.read_text(encoding="utf-8")
    for old, new, message in (
        ('"entity_id": "Q1"', '"entity_id": "Q7"', "row 1 names the entity 'Q7'"),
        ('"example_id": "de1"', '"example_id": "de0"', "row 1: example_id 'de0' twice"),
        ('"text": "Stadt"', '"text": "Dorf"', "the mention 'Dorf' is not at"),
        ('"language": "tr"', '"language": 3', "row 2: language 3"),
    ):
        assert old in content
        written(path, content.replace(old, new))
        with pytest.raises(DataError, match=message):
            load_judged(folder)
    path.unlink()
    with pytest.raises(DataError, match=r"get-mewsli-x\.sh"):
        load_judged(folder)


def test_own_logs(tmp_path: Path) -> None:
    sets = loaded(samples.own_logs(tmp_path))
    assert list(sets) == ["de", "de-en"]
    assert list(sets["de"].queries.values()) == ["Passwort", "Rechnung"]
    assert texts_of(sets["de"]) == ["So ändern Sie es.", "Rechnung"]
    assert list(sets["de-en"].grades.values())[1] == {"00000002": 0.5}


def test_a_mixed_pool_of_separate_collections(tmp_path: Path) -> None:
    sets = list(loaded(samples.miracl(tmp_path)).values())
    mixed = with_pools(sets, "mixed")
    assert mixed[0].pool is mixed[1].pool and dict(mixed[0].pool.sizes) == {"sw": 3, "yo": 3}
    assert mixed[1].grades["1#0"] == {"yo/10#0": 1, "yo/10#1": 0}
    one, other = (set(each.relevant("1#0")) for each in mixed)
    assert not one & other and all(name in mixed[0].pool.place for name in one | other)


def test_empty_passages_are_left_out_with_their_judgements(tmp_path: Path) -> None:
    samples.beir(tmp_path)
    rows = [{"_id": f"d{n}", "title": "", "text": "" if n == 1 else f"text {n}"} for n in range(6)]
    written(tmp_path / "corpus.jsonl", samples.json_rows(rows))
    judged = loaded(tmp_path, "en")["en"]
    assert "d1" not in judged.pool.place and judged.grades["q0"] == {"d2": 1}
    unread = load_judged(tmp_path, "en").unread
    assert unread[str(tmp_path / "corpus.jsonl")] == "1 passage without a text"


def test_a_corpus_larger_than_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "corpus.jsonl", "x" * 5000)
    check_size([path], 5000)
    with pytest.raises(DataError, match=r"corpus.jsonl: 0.0 GB of passages.*\n.*\n.*keep a part"):
        check_size([path], 4999)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("qrels/test.tsv", "q0\td1\t1\nq9\td1\t1\n", "row 2 names the query 'q9'"),
        ("qrels/test.tsv", "q0\td99\t1\n", "row 1 names the passage 'd99'"),
        ("qrels/test.tsv", "q0\td1\thigh\n", "row 1: grade 'high'"),
        ("qrels/test.tsv", "q0\td1\tnan\n", "row 1: grade 'nan'"),
        ("qrels/test.tsv", "q0\td1\n", "row 1: q0, d1"),
        ("qrels/test.tsv", "q0\td1\t1\nq0\td1\t2\n", "row 2: query 'q0' and passage 'd1' have"),
        ("queries.jsonl", '{"_id": "q0", "text": " "}\n', "row 1: query 'q0' is empty"),
        (
            "queries.jsonl",
            '{"_id": "q0", "text": "a"}\n{"_id": "q0", "text": "b"}\n',
            "row 2: id 'q0'",
        ),
        (
            "corpus.jsonl",
            '{"_id": "d0", "text": "a"}\n{"_id": "d0", "text": "b"}\n',
            "row 2: id 'd0'",
        ),
        ("corpus.jsonl", '{"_id": "d0"}\n', "row 1 has the fields _id"),
        ("corpus.jsonl", '{"_id": null, "text": "a"}\n', "row 1: id None"),
        ("corpus.jsonl", "d0\ttext\n", "row 1"),
        ("corpus.jsonl", '{"_id": "d", "text": "a", "language": "xx1"}\n', "field 'language'"),
    ],
)
def test_a_wrong_row_is_refused_with_file_and_row(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    folder = samples.beir(tmp_path / "de")
    written(folder / name, content)
    with pytest.raises(DataError) as error:
        load_judged(tmp_path)
    assert says in str(error.value) and name in str(error.value)
    assert error.value.expected


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a query\ta passage", "row 2"),
        ("a query\t\t1", "row 2"),
        ("a query\ta passage\tgood", "row 2: grade 'good'"),
        ("one\ttwo\t2", "row 2: the grade 2 of a pair that has the grade 1"),
    ],
)
def test_a_wrong_row_of_logs_is_refused(tmp_path: Path, line: str, says: str) -> None:
    written(tmp_path / "shop.de.tsv", f"one\ttwo\t1\n{line}\n")
    with pytest.raises(DataError, match=says):
        load_judged(tmp_path)


def test_a_folder_without_judgements_is_refused_with_every_layout(tmp_path: Path) -> None:
    written(tmp_path / "readme.md", "nothing")
    with pytest.raises(DataError, match=r"BEIR.*TREC.*MIRACL"):
        load_judged(tmp_path)


def test_a_language_that_nothing_says_is_asked_for(tmp_path: Path) -> None:
    samples.beir(tmp_path)
    with pytest.raises(DataError, match=r"nothing says the language.*"):
        load_judged(tmp_path)


def test_measures() -> None:
    sets = measures()
    assert tuple(each.language for each in sets) == MEASURE_LANGUAGES
    (pool,) = {id(each.pool): each.pool for each in sets}.values()
    english = {
        text.casefold() for text, of in zip(pool.texts, pool.languages, strict=True) if of == "en"
    }
    for judged in sets:
        assert len(judged.queries) > 250
        for query in judged.queries:
            relevant = judged.relevant(query)
            best = [name for name in relevant if judged.grades[query][name] == 2]
            assert f"{judged.language}/{query}" in best
            assert {name.partition("/")[2] for name in best} == {query}
            assert len(relevant) <= 100, "recall at 100 can reach 1"
    others = [t for t, of in zip(pool.texts, pool.languages, strict=True) if of != "en"]
    assert english.isdisjoint(text.casefold() for text in others)
    german = next(each for each in sets if each.language == "de")
    assert german.queries["speed-mile-per-hour"] == "Meilen pro Stunde"
    grades = german.grades["speed-mile-per-hour"]
    assert grades["fr/speed-mile-per-hour"] == 2 and grades["en/speed-kilometer-per-hour"] == 1
