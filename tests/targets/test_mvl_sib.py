"""MVL-SIB in both of its layouts: sentences and pictures of topics, choices, and MTEB's accuracy."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from crosslift.errors import DataError, StudyError
from crosslift.planning.load_target import load_target
from crosslift.sources.captioned_targets.topic_files import TOPICS, Choice
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.kinds.pictures_with_texts import PictureData, overlapping_queries
from crosslift.targets.mvl_sib import MVL_SIB, MVL_SIB_LANGUAGES
from crosslift.targets.protocols import MTEB_TOPICS
from crosslift.targets.target_settings import TargetSettings

PICTURES = [f"{topic}_{i}" for topic in TOPICS for i in range(2)]


def picture(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (6, 6), (15 * shade, 90, 200 - 10 * shade)).save(buffer, "JPEG")
    return buffer.getvalue()


def write_published(folder: Path, names: tuple[str, ...] = ("eng_Latn", "nqo_Nkoo")) -> Path:
    (folder / "data/images/sib200").mkdir(parents=True)
    for shade, name in enumerate(PICTURES):
        (folder / f"data/images/sib200/{name}.jpg").write_bytes(picture(shade))
    for name in names:
        place = folder / "data/sib200" / name
        place.mkdir(parents=True)
        for start, split in ((0, "train"), (7, "dev"), (14, "test")):
            rows = [f"{start + i}\t{t}\t{name} says {start + i}\n" for i, t in enumerate(TOPICS)]
            text = "index_id\tcategory\ttext\n" + "".join(rows)
            (place / f"{split}.tsv").write_text(text, encoding="utf-8")
    return folder


def write_packed(folder: Path, name: str = "deu_Latn", **changed: Any) -> Path:
    """Fourteen sentences, each the query of three choices among four pictures of four topics."""
    generator = np.random.default_rng(2)
    (folder / "data/corpus").mkdir(parents=True, exist_ok=True)
    (folder / "data" / name).mkdir(parents=True)
    images = [{"bytes": picture(i), "path": f"{p}.jpg"} for i, p in enumerate(PICTURES)]
    ids = [f"image-{p}" for p in PICTURES]
    corpus = {"id": ids, "image": images, "modality": ["image"] * len(ids)}
    pq.write_table(pa.table(corpus), folder / "data/corpus/test.parquet", row_group_size=4)
    queries, right, ranked = [f"query-{i}" for i in range(42)], [], []
    for i in range(42):
        topics = [TOPICS[i % 7], *generator.permutation([t for t in TOPICS if t != TOPICS[i % 7]])]
        drawn = [f"image-{topic}_{generator.integers(2)}" for topic in topics[:4]]
        right.append(drawn[0])
        ranked.append([drawn[j] for j in generator.permutation(4)])
    ranked = changed.get("ranked", lambda r: r)(ranked)
    place = folder / "data" / name
    texts = [f"satz {i % 14}" for i in range(42)]
    tables = {
        "queries": {"id": queries, "text": texts, "modality": ["text"] * 42},
        "qrels": {"query-id": queries, "corpus-id": right, "score": [1] * 42},
        "top_ranked": {"query-id": queries, "corpus-ids": ranked},
    }
    for table, columns in tables.items():
        pq.write_table(pa.table(columns), place / f"{table}.parquet")
    return folder


def load(folder: Path, *languages: str, protocols: tuple[str, ...] = ("crosslift",)) -> PictureData:
    settings = TargetSettings(
        name="mvl-sib", data=folder, languages=languages or None, protocols=protocols
    )
    data = MVL_SIB.load(settings)
    assert isinstance(data, PictureData)
    return data


def vectors_of(data: PictureData, language: str) -> tuple[Any, Any]:
    generator = np.random.default_rng(9)
    topics = {topic: generator.normal(size=8) for topic in TOPICS}
    of_item = {i: topics[t] + 1.1 * generator.normal(size=8) for i, t in data.topics.items()}
    of_text = {item_texts[0]: of_item[item] for item, item_texts in data.texts[language].items()}

    def texts(requested: Any) -> np.ndarray:
        return np.stack([of_text[text] for text in requested]).astype(np.float32)

    def pictures(requested: Any) -> np.ndarray:
        return np.stack([of_item[item] for item in requested]).astype(np.float32)

    return texts, pictures


# Files


def test_the_languages_are_those_of_mteb() -> None:
    import mteb

    metadata = mteb.get_task("MVLSIBSent2Img").metadata
    assert len(MVL_SIB_LANGUAGES) == len(set(MVL_SIB_LANGUAGES)) == 205
    assert len(metadata.eval_langs) == 205
    assert metadata.main_score == MTEB_TOPICS.metric == "accuracy"


def test_the_published_layout(tmp_path: Path) -> None:
    data = load(write_published(tmp_path))
    assert list(data.texts) == ["en", "nqo"] and len(data.gaps) == 203
    assert len(data.pictures) == 14 and len(data.texts["nqo"]) == 21
    assert data.texts["en"]["sib:8"] == ("eng_Latn says 8",)
    assert data.topics["sib:8"] == data.topics["geography_0"] == "geography"
    assert data.right_picture("sib:8") == "geography_0"
    assert not data.choices
    with pytest.raises(DataError, match="has no candidates of each query"):
        load(tmp_path, protocols=("mteb",))
    before = data.checksum
    (tmp_path / "data/images/sib200/sports_1.jpg").write_bytes(picture(3))
    assert load(tmp_path).checksum != before


def test_the_layout_of_mteb(tmp_path: Path) -> None:
    data = load(write_packed(tmp_path), "deu_Latn")
    assert list(data.texts) == ["de"] and len(data.texts["de"]) == 14
    assert len(data.choices["de"]) == 42
    choice = data.choices["de"]["query-15"]
    assert choice.text == "query-1" and data.topics[choice.right] == data.topics["query-1"]
    assert Image.open(io.BytesIO(data.pictures["image-travel_1"].read_bytes())).size == (6, 6)


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        ("data/sib200/eng_Latn/dev.tsv", "sports", "football", "category 'football'"),
        ("data/sib200/eng_Latn/dev.tsv", "8\t", "1\t", "index_id 1 is in a row above too"),
        ("data/sib200/nqo_Nkoo/dev.tsv", "health", "travel", "language nqo: sib:9 is of the topic"),
    ],
)
def test_tables_at_fault(path: str, old: str, new: str, message: str, tmp_path: Path) -> None:
    write_published(tmp_path)
    file = tmp_path / path
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load(tmp_path)


def test_files_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no sentences in ace-Arab, .* and 193 more"):
        load(tmp_path)
    write_published(tmp_path)
    with pytest.raises(DataError, match="has no sentences in fr"):
        load(tmp_path, "fr")
    (tmp_path / "data/images/sib200/sports_1.jpg").unlink()
    with pytest.raises(DataError, match="has 1 pictures of sports and 2 of another topic"):
        load(tmp_path)
    (tmp_path / "data/images/sib200/sports_0.jpg").unlink()
    with pytest.raises(DataError, match="has no picture of sports"):
        load(tmp_path)


def test_a_language_with_fewer_sentences_is_no_part_of_the_set(tmp_path: Path) -> None:
    write_published(tmp_path)
    path = tmp_path / "data/sib200/nqo_Nkoo/test.tsv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-2]), encoding="utf-8")
    with pytest.raises(DataError, match="language nqo: 19 of 21 sentences"):
        load(tmp_path)
    assert len(load(tmp_path, "en").texts["en"]) == 21


@pytest.mark.parametrize(
    "change",
    [
        lambda ranked: [row[:3] for row in ranked],
        lambda ranked: [["image-none_0", *row[1:]] for row in ranked],
        lambda ranked: [[row[0]] * 4 for row in ranked],
    ],
)
def test_candidates_at_fault(change: Any, tmp_path: Path) -> None:
    write_packed(tmp_path, ranked=change)
    with pytest.raises(DataError, match="query 'query-0': right picture"):
        load(tmp_path, "de")


PACKED = ("corpus/test", "deu_Latn/queries", "deu_Latn/qrels", "deu_Latn/top_ranked")


@pytest.mark.parametrize("name", PACKED)
def test_packed_files_at_fault(name: str, tmp_path: Path) -> None:
    write_packed(tmp_path)
    path = tmp_path / "data" / f"{name}.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=str(path)) as caught:
        load(tmp_path, "de")
    assert caught.value.expected
    pq.write_table(pa.table({"other": [1]}), path)
    with pytest.raises(DataError, match=str(path)):
        load(tmp_path, "de")


# Scores


def test_all_of_the_topic_are_right(tmp_path: Path) -> None:
    data = load(write_published(tmp_path), "en")
    texts, pictures = vectors_of(data, "en")
    to_picture, to_text = evaluate_pictures(MVL_SIB.protocols, data, texts, pictures)
    right = [
        data.topics[i] == data.topics[p]
        for i, p in zip(to_picture.items, to_picture.retrieved, strict=True)
    ]
    assert to_picture.score("top1_accuracy") == pytest.approx(np.mean(right))
    assert 0.2 < np.mean(right) < 1
    assert to_picture.score("chance") == pytest.approx(1 / 7)
    assert to_text.score("chance") == pytest.approx(1 / 7)
    assert len(to_text.items) == 14


def test_choices_are_scored_as_mteb_scores_them(tmp_path: Path) -> None:
    from mteb._evaluators.retrieval_metrics import calculate_retrieval_scores

    data = load(write_packed(tmp_path), "de", protocols=("mteb",))
    texts, pictures = vectors_of(data, "de")
    (outcomes,) = evaluate_pictures((MTEB_TOPICS,), data, texts, pictures)
    results, relevant = {}, {}
    for query, choice in data.choices["de"].items():
        (query_vector,), candidates = (
            texts(data.texts["de"][choice.text]),
            pictures(choice.candidates),
        )
        scores = candidates @ query_vector / np.linalg.norm(candidates, axis=1)
        results[query] = dict(zip(choice.candidates, map(float, scores), strict=True))
        relevant[query] = {choice.right: 1}
    theirs = calculate_retrieval_scores(results, relevant, [1, 2, 3, 4])
    assert set(outcomes.values) == {"accuracy"} and len(outcomes.items) == 42
    assert outcomes.score("accuracy") == pytest.approx(theirs.recall["Recall@1"], abs=6e-6)
    assert 0.3 < outcomes.score("accuracy") < 1
    assert len(set(outcomes.clusters or ())) == 14, (
        "the three queries of a sentence are one cluster"
    )
    choices = zip(outcomes.items, outcomes.retrieved, strict=True)
    assert all(picked in data.choices["de"][query].candidates for query, picked in choices)


def test_queries_of_a_sentence_overlap_together(tmp_path: Path) -> None:
    data = load(write_packed(tmp_path), "de")
    assert overlapping_queries(data, "de", {"satz 3"}) == {"query-3", "query-17", "query-31"}
    none = replace(data, choices={"de": {"q": Choice("query-3", ("a",), "a")}})
    assert overlapping_queries(none, "de", {"satz 4"}) == {"query-4"}


def test_a_part_of_the_pictures_is_refused(tmp_path: Path) -> None:
    write_published(tmp_path)
    with pytest.raises(StudyError, match="whose pictures share topics"):
        load_target(TargetSettings(name="mvl-sib", data=tmp_path, pairs=5))
