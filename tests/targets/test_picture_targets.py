"""Pictures and texts as a target: several captions per picture, classes, medians, clusters, parts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from babel_sample import write_babel
from PIL import Image
from small_study import SCRATCH, small_study

from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError, UnknownNameError
from crosslift.languages import FAMILIES
from crosslift.making.evaluate import outcome_table
from crosslift.metrics.table import METRICS
from crosslift.planning.load_target import load_target
from crosslift.results.run_folder import RunFolder
from crosslift.retrieval.metrics import expected_rank
from crosslift.retrieval.ranks import Ranks
from crosslift.sources.pictograms import load_concepts, split_of
from crosslift.statistics.query_cubes import cube_of
from crosslift.studies.reading import parse_study
from crosslift.targets.all_targets import find_target
from crosslift.targets.captions import captions_of
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.flags import FLAG_LANGUAGES, MOST_ENGLISH, held_out_flags, territory_names
from crosslift.targets.kinds.pictures_with_texts import (
    PictureData,
    first_pictures,
    overlapping_queries,
)
from crosslift.targets.protocols import PICTURE_CLASSES, PICTURE_RETRIEVAL
from crosslift.targets.query_outcomes import Lookup, Outcomes, score_of
from crosslift.targets.target_settings import TargetSettings


def lookup_of(vectors: Mapping[str, Any]) -> Lookup:
    return lambda requested: np.array([vectors[name] for name in requested], np.float32)


def data_of(texts: dict[str, dict[str, tuple[str, ...]]], **more: Any) -> PictureData:
    items = dict.fromkeys(item for texts_by_item in texts.values() for item in texts_by_item)
    return PictureData({item: Path(item) for item in items}, texts, **more)


# Ranks and ids


def test_expected_rank_by_hand() -> None:
    ranks = Ranks(
        better=np.array([0, 1, 0, 2, 0]),
        tied=np.array([1, 2, 3, 1, 3]),
        gold_tied=np.array([1, 1, 1, 1, 2]),
        best=np.zeros((5, 1), np.int64),
        best_scores=np.ones((5, 1), np.float32),
    )
    # Of three tied with two right, the first right one is first in 2/3 and second in 1/3 of orders.
    assert expected_rank(ranks).tolist() == [1, 2.5, 2, 3, pytest.approx(4 / 3)]


def test_captions_have_separate_ids() -> None:
    captions = captions_of({"a": ("x", "y"), "b": ("z",)})
    assert captions.ids == ("a#0", "a#1", "b")
    assert captions.items == ("a", "a", "b")
    assert captions.texts == ("x", "y", "z")
    assert {item: list(places) for item, places in captions.places.items()} == {
        "a": [0, 1],
        "b": [2],
    }


# Several captions per picture


def several() -> tuple[PictureData, Lookup, Lookup]:
    """Picture p has two captions, one of them nearer to q; q has one; r has none in German."""
    picture_vectors = {"p": [1, 0, 0, 0], "q": [0, 1, 0, 0], "r": [0, 0, 1, 0]}
    text_vectors = {"p good": [0.9, 0.1, 0, 0], "p bad": [0.3, 0.9, 0, 0], "q": [0, 0.8, 0, 0.6]}
    data = replace(
        data_of({"de": {"p": ("p good", "p bad"), "q": ("q",)}}),
        pictures={item: Path(item) for item in picture_vectors},
    )
    return data, lookup_of(text_vectors), lookup_of(picture_vectors)


def test_a_picture_with_several_captions_has_several_right_answers() -> None:
    data = several()[0]
    assert data.several_right("picture->text") and not data.several_right("text->picture")
    assert not data_of({"de": {"p": ("p good",)}}).several_right("picture->text")
    with_topics = replace(data, topics={"p": "dogs", "q": "dogs", "r": "cats"})
    assert with_topics.several_right("text->picture")


def test_several_captions_by_hand() -> None:
    to_picture, to_text = evaluate_pictures(PICTURE_RETRIEVAL, *several())
    assert to_picture.items == ("p#0", "p#1", "q")
    assert to_picture.clusters == ("p", "p", "q")
    assert to_picture.retrieved == ("p", "q", "q")
    assert to_picture.values["top1_accuracy"].tolist() == [1, 0, 1]
    assert to_picture.values["rank"].tolist() == [1, 2, 1]
    assert to_picture.score("median_rank") == 1
    assert to_picture.score("top1_accuracy") == pytest.approx(2 / 3)
    # For p, the good caption counts; for q, the bad caption of p is nearer than its own.
    assert to_text.items == ("p", "q") == to_text.clusters
    assert to_text.retrieved == ("p#0", "p#1")
    assert to_text.values["rank"].tolist() == [1, 2]
    assert to_text.score("median_rank") == 1.5
    assert to_text.values["recall_at_5"].tolist() == [1, 1]


def test_the_pool_of_a_language() -> None:
    """A text near the picture of another language: right only if that picture is no candidate."""
    picture_vectors = {"p": [1, 0, 0, 0], "q": [0.9, 0.1, 0, 0]}
    text_vectors = {"pp": [0.9, 0.1, 0, 0], "qq": [0, 1, 0, 0]}
    data = data_of({"de": {"p": ("pp",)}, "da": {"q": ("qq",)}})
    ranks = {
        pool: [
            o.values["rank"].tolist()
            for o in evaluate_pictures(
                PICTURE_RETRIEVAL[:1],
                replace(data, pool=pool),
                lookup_of(text_vectors),
                lookup_of(picture_vectors),
            )
        ]
        for pool in ("all", "language")
    }
    assert ranks == {"all": [[2], [1]], "language": [[1], [1]]}


def test_against_plain_loops() -> None:
    """Up to three captions per picture, with ties, against sorting by hand."""
    generator = np.random.default_rng(4)
    names = [f"p{i}" for i in range(12)]
    counts = generator.integers(1, 4, 12)
    texts_by_item = {
        n: tuple(f"{n} {i}" for i in range(c)) for n, c in zip(names, counts, strict=True)
    }
    every = [text for item_texts in texts_by_item.values() for text in item_texts]
    text_vectors = {text: generator.choice([-1.0, 1.0], 5) for text in every}
    picture_vectors = {name: generator.choice([-1.0, 1.0], 5) for name in names}
    to_picture, to_text = evaluate_pictures(
        PICTURE_RETRIEVAL,
        data_of({"de": texts_by_item}),
        lookup_of(text_vectors),
        lookup_of(picture_vectors),
    )

    def ranks(query: np.ndarray, candidates: dict[str, np.ndarray], right: set[str]) -> list[int]:
        """Rank of the first right candidate in 500 random orders of the tied."""
        scores = {name: round(float(query @ vector), 6) for name, vector in candidates.items()}
        drawn_ranks = []
        for _ in range(500):
            order = generator.permutation(list(scores))
            listed = sorted(order, key=lambda name: -scores[name])
            drawn_ranks.append(1 + next(i for i, name in enumerate(listed) if name in right))
        return drawn_ranks

    for text, item, rank, top in zip(
        every, to_picture.clusters or (), *_values(to_picture), strict=True
    ):
        drawn = np.array(ranks(text_vectors[text], picture_vectors, {item}))
        assert rank == pytest.approx(drawn.mean(), abs=0.6)
        assert top == pytest.approx((drawn == 1).mean(), abs=0.12)
    for item, rank, top in zip(names, *_values(to_text), strict=True):
        drawn = np.array(ranks(picture_vectors[item], text_vectors, set(texts_by_item[item])))
        assert rank == pytest.approx(drawn.mean(), abs=0.6)
        assert top == pytest.approx((drawn == 1).mean(), abs=0.12)


def _values(outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    return outcomes.values["rank"], outcomes.values["top1_accuracy"]


# Classes


def test_classes_by_hand() -> None:
    picture_vectors = {"1": [1, 0, 0, 0], "2": [0.6, 0.8, 0, 0], "3": [0, 0, 0, 1]}
    text_vectors = {
        "cat": [1, 0, 0, 0],
        "a cat": [0, 0, 1, 0],
        "dog": [0, 1, 0, 0],
        "hen": [0, 0, 0, 1],
    }
    classes = {"1": "C", "2": "C", "3": "H"}
    data = PictureData(
        {item: Path(item) for item in picture_vectors},
        {"en": {"C": ("cat", "a cat"), "D": ("dog",), "H": ("hen",)}},
        gaps={},
        classes=classes,
    )
    (outcomes,) = evaluate_pictures(
        PICTURE_CLASSES, data, lookup_of(text_vectors), lookup_of(picture_vectors)
    )
    assert outcomes.protocol == "crosslift/picture->class"
    assert outcomes.items == ("1", "2", "3")
    assert outcomes.retrieved == ("C", "D", "H")
    # The mean of the two texts of C has cosine 0.6 / sqrt 2 with the second picture, dog 0.8.
    assert outcomes.values["top1_accuracy"].tolist() == [1, 0, 1]
    assert outcomes.values["rank"].tolist() == [1, 2, 1]
    one = replace(data, texts={"en": {"C": ("cat",), "D": ("cat",), "H": ("hen",)}})
    (tied,) = evaluate_pictures(
        PICTURE_CLASSES, one, lookup_of(text_vectors), lookup_of(picture_vectors)
    )
    assert tied.values["top1_accuracy"].tolist() == [0.5, 0.5, 1], "two classes of one name"
    assert data.distinct_texts() == ["a cat", "cat", "dog", "hen"]


# Clusters and medians


def test_a_median_is_the_better_the_lower() -> None:
    """What the report must know about a metric whose values are no shares."""
    medians = [metric for metric in METRICS.values() if metric.aggregation == "median"]
    assert medians and all(metric.lower_is_better for metric in medians)
    values = np.array([1.0, 2.0, 9.0])
    assert (score_of("median_rank", values), score_of("mrr", values)) == (2.0, 4.0)


def table_of(outcomes: Sequence[Outcomes], seed: int = 1) -> pa.Table:
    table = outcome_table(outcomes)
    return table.append_column("seed", pa.array([seed] * len(table)))


def test_captions_of_a_picture_are_one_cluster() -> None:
    """The mean over clusters is the score, whatever their sizes; equal sizes give plain means."""
    generator = np.random.default_rng(0)

    def outcomes(language: str, sizes: Sequence[int]) -> Outcomes:
        texts_by_item = {f"p{i}": ("t",) * size for i, size in enumerate(sizes)}
        captions = captions_of(texts_by_item)
        drawn = generator.integers(0, 5, len(captions.ids)) / 4
        values = {"top1_accuracy": drawn.astype(np.float64)}
        retrieved = ("",) * len(captions.ids)
        return Outcomes(language, "p", captions.ids, values, retrieved, captions.items)

    uneven, even = outcomes("de", (1, 3, 2, 2)), outcomes("fr", (2, 2))
    cube, clusters = cube_of(table_of([uneven, even]), "top1_accuracy")
    assert clusters == ["p0", "p1", "p2", "p3"]
    assert cube.shape == (1, 4, 2)
    assert np.isnan(cube[0, :, 1]).tolist() == [False, False, True, True]
    assert np.nanmean(cube[0], axis=0) == pytest.approx(
        [uneven.score("top1_accuracy"), even.score("top1_accuracy")]
    )
    assert cube[0, 0, 1] == pytest.approx(even.values["top1_accuracy"][:2].mean())
    single = outcomes("de", (1, 1, 1))
    cube, _ = cube_of(table_of([single]), "top1_accuracy")
    assert cube[0, :, 0].tolist() == single.values["top1_accuracy"].astype(float).tolist()


def test_linearised_outcomes_resample_as_queries_do() -> None:
    """The spread of a bootstrap of clusters is that of resampling pictures with all their captions."""
    generator = np.random.default_rng(1)
    sizes = generator.integers(1, 6, 200)
    captions = captions_of({f"p{i:03}": ("t",) * size for i, size in enumerate(sizes)})
    shared = dict(zip(captions.places, generator.random(200) < 0.5, strict=True))
    hits = np.array([float(shared[item]) for item in captions.items])
    outcomes = Outcomes(
        "de", "p", captions.ids, {"top1_accuracy": hits}, captions.ids, captions.items
    )
    cube, clusters = cube_of(table_of([outcomes]), "top1_accuracy")
    draws = generator.integers(0, 200, (4000, 200))
    spread = cube[0, :, 0][draws].mean(axis=1).std()
    sums = np.array([sizes[i] * shared[name] for i, name in enumerate(clusters)])
    ratios = sums[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    assert spread == pytest.approx(ratios.std(), rel=0.05)
    alone = hits[generator.integers(0, len(hits), (4000, len(hits)))].mean(axis=1).std()
    assert spread > 1.3 * alone, "captions of one picture are no independent queries"


# Overlap and parts


def test_queries_that_overlap() -> None:
    data, _, _ = several()
    assert overlapping_queries(data, "de", {"p bad"}) == {"p", "p#1"}
    assert overlapping_queries(data, "de", {"q", "other"}) == {"q"}
    with_names = replace(data, texts={"de": {"C": ("cat", "a cat"), "D": ("dog",)}})
    classed = replace(with_names, classes={"p": "C", "q": "D", "r": "C"})
    assert overlapping_queries(classed, "de", {"a cat"}) == {"p", "r"}


def test_the_first_pictures() -> None:
    data = data_of({"de": {"p": ("pp",), "q": ("qq",)}, "fr": {"q": ("q1", "q2")}})
    part = first_pictures(replace(data, gaps={"it": "none"}), 1)
    assert list(part.pictures) == ["p"]
    assert part.texts == {"de": {"p": ("pp",)}}
    assert part.gaps == {"it": "none", "fr": "no text of the first 1 pictures"}
    classed = replace(data, classes={"p": "p", "q": "q"})
    part = first_pictures(classed, 1)
    assert part.texts == {"de": data.texts["de"]}, "all classes stay candidates"
    assert part.gaps == {"fr": "no class of the first 1 pictures has a name"}


def test_the_title_says_how_many_pictures() -> None:
    loaded = load_target(TargetSettings(name="pictures", languages=("en",), pairs=7))
    assert loaded.target.title == "pictures (first 7 pictures)"
    assert isinstance(loaded.data, PictureData)
    assert len(loaded.data.pictures) == len(loaded.data.texts["en"]) == 7
    assert loaded.data_settings["pairs"] == 7


# Flags


def test_flags_are_held_out() -> None:
    data = find_target("flags").load(TargetSettings(name="flags"))
    assert isinstance(data, PictureData)
    splits = split_of(load_concepts())
    assert {splits[item] for item in data.pictures} == {"test"}
    assert len(data.pictures) == 62
    assert len(data.texts) + len(data.gaps) == len(FLAG_LANGUAGES) == 128
    assert data.texts["de"][held_out_flags()["DE"].id] == ("Deutschland",)
    assert data.texts["ka"][held_out_flags()["CZ"].id] == ("ჩეხეთი",)
    assert "62" in find_target("flags").description
    with pytest.raises(UnknownNameError, match="language of flags 'tl'"):
        find_target("flags").load(TargetSettings(name="flags", languages=("tl",)))


@pytest.mark.parametrize("few_names", [{}, {"AX": "Ahvenanmaa"}])
def test_a_language_that_does_not_name_all_flags_is_a_gap(
    few_names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in another babel: some German names are missing."""
    names = territory_names
    monkeypatch.setattr(
        "crosslift.targets.flags.territory_names", lambda c: few_names if c == "de" else names(c)
    )
    data = find_target("flags").load(TargetSettings(name="flags", languages=("de", "ka")))
    assert list(data.texts) == ["ka"]
    assert re.fullmatch(r"babel \S+ does not name \d+ of 62 territories, .* them", data.gaps["de"])
    with pytest.raises(DataError, match="another babel"):
        find_target("flags").load(TargetSettings(name="flags", languages=("de",)))


@pytest.mark.skipif(
    not version("babel").startswith("2.19."), reason="the list is of the CLDR of babel 2.19"
)
def test_the_languages_of_flags_follow_their_rule() -> None:
    flags, english = held_out_flags(), territory_names("en")

    def names_all(language: str) -> bool:
        names = territory_names(language)
        same = sum(names.get(code) == english[code] for code in flags)
        return all(code in names for code in flags) and same <= MOST_ENGLISH * len(flags)

    expected = {
        code for code in FAMILIES if code not in ("en", "no", "tl", "tw") and names_all(code)
    }
    assert set(FLAG_LANGUAGES) == expected | {"en"}


# From the commands


def test_an_encoder_alone_has_no_pictures(xlm_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="target 'flags' needs an image tower"):
        evaluate(str(xlm_folder), "flags")
    write_xtd10(tmp_path)
    settings = TargetSettings(name="xtd10-captions", data=tmp_path, pairs=3)
    evaluation = evaluate(str(xlm_folder), settings)
    assert set(evaluation.languages) == {"es", "ja"}
    assert {values["n"] for values in evaluation.languages.values()} == {3}


def test_paths_of_pictures_are_relative_to_the_study(tmp_path: Path) -> None:
    study = parse_study(
        "name: s\nquestion: q\narms: {baseline: {}}\nseeds: [1]\nstarts: {s: {encoder: embedded}}\n"
        "start: s\nbudget: {updates: 1, batch_size: 2}\n"
        "targets: [{name: xtd10, data: xtd, images: coco, pairs: 9}]\n",
        folder=tmp_path,
    )
    assert study.targets[0].images == tmp_path / "coco"


def write_xtd10(folder: Path, count: int = 6) -> None:
    names = [f"COCO_val2014_{i:012}.jpg" for i in range(count)]
    (folder / "test_image_names.txt").write_text("\n".join(names), encoding="utf-8")
    for code, word in (("en", "picture"), ("es", "imagen"), ("jp", "写真")):
        lines = [f"{word} {i}" for i in range(count)]
        path = folder / f"test_1kcaptions_{code}.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
    for i, name in enumerate(names):
        Image.new("RGB", (8, 6), (30 * i, 200 - 30 * i, 90)).save(folder / name, "JPEG")


def write_own(folder: Path) -> None:
    """Two captions per picture in English, one in German."""
    folder.mkdir()
    rows = ["image\ttext\tlanguage"]
    for i in range(5):
        Image.new("RGB", (6, 6), (40 * i, 10, 90)).save(folder / f"{i}.png")
        rows += [f"{i}.png\tthing {i}\ten", f"{i}.png\tobject {i}\ten", f"{i}.png\tDing {i}\tde"]
    (folder / "t.tsv").write_text("\n".join(rows), encoding="utf-8")


def write_classes(folder: Path) -> None:
    for name, shade in (("red", (200, 0, 0)), ("blue", (0, 0, 200))):
        (folder / name).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (6, 6), (shade[0], 20 * i, shade[2])).save(folder / name / f"{i}.png")
    table = "class,en,de\nred,red,rot\nblue,blue,blau\n"
    (folder / "classes.csv").write_text(table, encoding="utf-8")


def write_crossmodal(folder: Path) -> None:
    """Four pictures with two German captions each."""
    folder.mkdir()
    rows = []
    for i in range(4):
        Image.new("RGB", (6, 6), (50 * i, 10, 90)).save(folder / f"k{i}.jpg", "JPEG")
        captions = {"caption": [f"Ding {i}", f"Sache {i}"]}
        rows.append(json.dumps({"image/key": f"k{i}", "image/locale": "de", "de": captions}))
    (folder / "captions.jsonl").write_text("\n".join(rows), encoding="utf-8")


def test_a_study_of_picture_targets_runs_whole(xlm_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "xtd").mkdir()
    write_xtd10(tmp_path / "xtd")
    write_own(tmp_path / "own")
    write_classes(tmp_path / "classes")
    write_crossmodal(tmp_path / "xm")
    targets = [
        {"name": "xtd10", "data": str(tmp_path / "xtd")},
        {"name": "xtd10-captions", "data": str(tmp_path / "xtd")},
        {"name": "picture-captions", "data": str(tmp_path / "own" / "t.tsv")},
        {"name": "picture-classes", "data": str(tmp_path / "classes")},
        {"name": "crossmodal-3600", "data": str(tmp_path / "xm"), "protocols": "mteb"},
        {"name": "babel-imagenet", "data": str(write_babel(tmp_path / "babel"))},
        {"name": "flags", "languages": ["en", "ka"], "pairs": 8},
    ]
    arms = {"baseline": {}, "image": {"stages": [{"task": "picture-name", **SCRATCH}]}}
    study = small_study(
        xlm_folder, arms=arms, targets=targets, comparisons=[], start="plain", seeds=[1]
    )
    out = tmp_path / "out"
    run_study(study, out, Store(tmp_path / "store"))
    rows = pq.read_table(out / "results.parquet").to_pylist()
    of_mteb = [r for r in rows if r["protocol"].startswith("mteb/") and r["arm"] == "image"]
    assert {r["metric"] for r in of_mteb} == {"ndcg_at_10"}
    assert all(0 < r["value"] <= 1 for r in of_mteb)
    ndcg_counts = {(r["protocol"], r["language"]): r["n"] for r in of_mteb if r["subset"] == "all"}
    assert ndcg_counts["mteb/text->picture", "de"] == 8
    assert ndcg_counts["mteb/picture->text", "de"] == 4
    rows = [r for r in rows if not r["protocol"].startswith("mteb/")]
    values = {
        (r["target"], r["protocol"].partition("/")[2], r["language"], r["metric"]): r["value"]
        for r in rows
        if r["subset"] == "all" and r["arm"] == "image"
    }
    counts = {
        (r["target"], r["protocol"].partition("/")[2], r["language"]): r["n"]
        for r in rows
        if r["subset"] == "all" and r["arm"] == "image"
    }
    assert counts["picture-captions", "text->picture", "en"] == 10
    assert counts["picture-captions", "picture->text", "en"] == 5
    assert counts["picture-captions", "text->picture", "macro"] == 15
    assert counts["picture-classes", "picture->class", "de"] == 6
    babel = ("babel-imagenet", "picture->class")
    assert {code: counts[(*babel, code)] for code in ("en", "yue")} == {"en": 12, "yue": 10}
    chances = {code: values[(*babel, code, "chance")] for code in ("en", "yue", "macro")}
    expected = {"en": 1 / 12, "yue": 1 / 10, "macro": (1 / 12 + 1 / 10) / 2}
    assert chances == pytest.approx(expected)
    assert counts["flags", "text->picture", "ka"] == 8
    for direction in ("text->picture", "picture->text"):
        for language in ("en", "es", "ja", "macro"):
            assert 1 <= values["xtd10", direction, language, "median_rank"] <= 6
            assert 0 <= values["xtd10", direction, language, "top1_accuracy"] <= 1
    of_targets = {t.name: t.several_right for t in RunFolder.read(out).run.targets}
    both = ("crosslift/picture->text", "mteb/picture->text")
    assert of_targets["crossmodal-3600"] == both
    assert of_targets["picture-classes"] == of_targets["xtd10"] == ()
    outcomes = pq.read_table(out / "outcomes.parquet").to_pylist()
    english = [r for r in outcomes if r["target"] == "picture-captions" and r["language"] == "en"]
    to_picture = [r for r in english if r["protocol"].endswith("text->picture")]
    assert len({r["cluster"] for r in to_picture}) == 5
    assert len({r["item"] for r in to_picture}) == 10
    ranks = [r["rank"] for r in to_picture]
    assert values["picture-captions", "text->picture", "en", "median_rank"] == np.median(ranks)
    examples = json.loads((out / "examples.json").read_text(encoding="utf-8"))
    classed = [e for e in examples if e["target"] == "picture-classes"]
    assert {e["gold_text"] for e in classed} <= {"red", "blue", "rot", "blau"}
    assert all((out / e["query_picture"]).is_file() for e in classed)
    assert (out / "report.html").is_file()
