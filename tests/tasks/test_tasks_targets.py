"""Every intermediate task and every target: facts, records, and a run through a tiny encoder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tiny_encoder import alone, load_tiny

from crosslift.encoders.encode_texts import encode
from crosslift.errors import DataError, StudyError, UnknownNameError
from crosslift.forms.declared_forms import PICTURE_FORMS
from crosslift.forms.form import FormOptions, Split, pictures_of
from crosslift.forms.picture_form import PictureForm
from crosslift.images.decode import load_picture
from crosslift.languages import is_known
from crosslift.metrics.table import METRICS, OUTCOME_OF_METRIC
from crosslift.sources.gettext_catalogs import load_catalogs
from crosslift.sources.pictograms import load_concepts, split_of
from crosslift.sources.record import Bitext, Record
from crosslift.targets.all_targets import TARGETS, find_target
from crosslift.targets.evaluate_pictures import evaluate_pictures
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import (
    Outcomes,
    SideLookups,
    evaluate_bitexts,
)
from crosslift.targets.target_settings import TargetSettings
from crosslift.targets.tatoeba import TATOEBA_36
from crosslift.tasks.all_tasks import EMBEDDED, TASKS, find_task, task_names
from crosslift.tasks.own_files import OWN_FILE_TASKS
from crosslift.tasks.task import IntermediateTask, texts_read
from crosslift.training.budget import Budget
from crosslift.training.loop import Stage, train
from crosslift.training.stage_settings import StageSettings

PROTOCOLS = {
    "bitext": ["crosslift/xx->en", "crosslift/en->xx"],
    "pictures": ["crosslift/text->picture", "crosslift/picture->text"],
    "mining": ["crosslift/mining"],
    "labelled": ["xtreme/zero-shot"],
    "graded": ["crosslift/graded"],
    "judged": ["crosslift/query->passage"],
}


# Facts and records


@pytest.mark.parametrize("task", EMBEDDED.values(), ids=list(EMBEDDED))
def test_facts_and_records_of_a_task(task: IntermediateTask) -> None:
    assert TASKS[task.name] is task
    assert find_task(task.name) is task
    assert all([task.title, task.licence, task.citation, task.languages])
    assert all(is_known(code) for code in task.languages)
    train_records, dev_records = task.source.train(), task.source.dev()
    assert len(train_records) > 500
    ids = [record.id for record in (*train_records, *dev_records)]
    assert len(set(ids)) == len(ids)
    assert {record.language for record in train_records} == set(task.languages)
    assert {record.language for record in dev_records} <= {"en"}
    bound = set(task.form.columns.values())
    for record in (*train_records, *dev_records):
        assert set(record.texts) == bound
        assert all(text.strip() for text in record.texts.values())
        assert (record.image is not None) == task.pictures
    assert task.source.checksum() == task.source.checksum()
    assert len(task.source.checksum()) == 64
    assert isinstance(task.form.open(), PictureForm) == task.pictures
    assert set(task.form.open().columns) == bound


def test_gettext_mlm_shows_no_english_and_no_half_of_a_target() -> None:
    records = TASKS["gettext-mlm"].source.train()
    catalogs = load_catalogs()
    assert "en" not in {record.language for record in records}
    held_out = {code: set(catalogs.strings(code, half="test")) for code in ("de", "sw", "ja")}
    for code, texts in held_out.items():
        ours = {r.texts["text"] for r in records if r.language == code}
        assert len(texts) > 50
        halves = [set(catalogs.bitext(code, half=half).items) for half in ("train", "test")]
        assert not halves[0] & halves[1]
        # one translation may serve two messages of different halves: the overlap check shows it
        assert len(ours & texts) < 0.1 * len(texts)


def test_the_splits_of_concepts_share_no_base_and_no_english_name() -> None:
    concepts = load_concepts()
    splits = split_of(concepts)
    assert Counter(splits.values())["test"] == 400
    assert Counter(splits.values())["dev"] == 100
    for key_of in (
        lambda c: [c.base],
        lambda c: [c.id],
        lambda c: [name.casefold() for name in (c.names["en"], *c.aliases)],
    ):
        splits_by_key: dict[str, set[str]] = {}
        for concept in concepts:
            for key in key_of(concept):
                splits_by_key.setdefault(key, set()).add(splits[concept.id])
        assert [key for key, splits_of_key in splits_by_key.items() if len(splits_of_key) > 1] == []


@pytest.mark.parametrize("name", ["picture-name", "name-alias"])
def test_tasks_and_targets_of_concepts_share_no_text(name: str) -> None:
    source = find_task(name).source

    def texts(records: list[Record]) -> set[str]:
        return {text.casefold() for record in records for text in record.texts.values()}

    sides = [texts(source.train()), texts(source.dev())]
    held_out = find_target("names").load(TargetSettings(name="names"))
    assert isinstance(held_out, BitextData)
    sides.append({text.casefold() for b in held_out.bitexts.values() for text in b.tgt})
    for i in range(3):
        for j in range(i):
            assert sides[i] & sides[j] == set()


def test_the_dev_records_of_name_alias_are_one_a_concept() -> None:
    dev = find_task("name-alias").source.dev()
    assert len({record.group for record in dev}) == len(dev) > 30
    assert all(record.id.endswith(":0") for record in dev)


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'picture-name'"):
        find_task("picture-names")
    with pytest.raises(UnknownNameError, match="did you mean 'tatoeba'"):
        find_target("tatoba")
    assert task_names() == sorted([*TASKS, *OWN_FILE_TASKS, *PICTURE_FORMS, "word-pairs"])


def test_a_task_with_its_own_data_takes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"task 'name-alias' brings its own data.*x\.tsv"):
        find_task("name-alias", tmp_path / "x.tsv")


@pytest.mark.parametrize("name", OWN_FILE_TASKS)
def test_a_task_of_own_files_needs_one(name: str) -> None:
    with pytest.raises(StudyError, match=f"task '{name}' has no data"):
        find_task(name)


# Training


def run_two_updates(
    task: IntermediateTask, folder: Path, place: Path, most: int = 40
) -> list[float]:
    """Two updates on a task's first records with a tiny encoder; returns the losses."""
    form = task.form.open()
    if isinstance(form, PictureForm):
        form = replace(form, tower="convolutional")

    def split(records: list[Record]) -> Split:
        records = records[:: max(1, len(records) // most)]
        if not task.pictures:
            return Split(records)
        pictures = [load_picture(path, 64) for path in pictures_of(records)]
        return Split(records, np.stack(pictures) if pictures else None)

    encoder = load_tiny(folder)
    options = FormOptions(text_locked=False, partners="own", seed=0)
    opened = form.open(encoder, split(task.source.train()), split(task.source.dev()), options)
    settings = StageSettings(task=task.name, learning_rate=1e-3, dev_evaluations=1)
    budget = Budget(updates=2, batch_size=4)
    stage = Stage(settings, budget, 0, place / "checkpoint.safetensors", lambda share: None)
    _, progress = train(stage, alone(opened, task.name), encoder)
    dev = [metric for _, _, metric, _ in progress.curve if metric != "loss"]
    assert len(dev) == (1 if task.source.dev() else 0)
    assert progress.tokens > 0
    losses = [value for _, _, metric, value in progress.curve if metric == "loss"]
    assert len(losses) == 2
    assert np.isfinite(losses).all()
    return losses


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_task_trains(name: str, xlm_folder: Path, tmp_path: Path) -> None:
    run_two_updates(TASKS[name], xlm_folder, tmp_path)


TEXT_PAIRS = [
    ("a cat", "cat", "car"),
    ("a dog", "dog", "fog"),
    ("rain", "wet", "sun"),
    ("x", "y", "z"),
]


def test_text_pairs_of_json_lines(xlm_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [json.dumps({"positive": p, "extra": 1, "anchor": a}) for a, p, _ in TEXT_PAIRS]
    path.write_text("\n".join(rows), encoding="utf-8")
    task = find_task("text-pairs", path)
    assert [r.texts for r in task.source.train()] == [
        {"anchor": a, "positive": p} for a, p, _ in TEXT_PAIRS
    ]
    assert task.source.dev() == []
    run_two_updates(task, xlm_folder, tmp_path)


def test_text_pairs_of_a_tsv_with_columns_of_other_names(xlm_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("no\tyes\task\n" + "".join(f"{n}\t{p}\t{a}\n" for a, p, n in TEXT_PAIRS))
    columns = {"anchor": "ask", "positive": "yes", "negative": "no"}
    task = find_task("text-pairs", path, columns)
    assert [
        tuple(r.texts[c] for c in ("anchor", "positive", "negative")) for r in task.source.train()
    ] == TEXT_PAIRS
    assert task.form.open().columns == ("anchor", "positive", "negative")
    run_two_updates(task, xlm_folder, tmp_path)
    before = task.source.checksum()
    path.write_text(path.read_text() + "d\te\tf\n")
    assert task.source.checksum() != before


def test_every_row_of_text_pairs_counts(xlm_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows: list[dict[str, object]] = [
        {"anchor": "a", "positive": "b"},
        {"anchor": "Hund", "positive": "Tier", "language": "de", "group": "g"},
        {"anchor": "Katze", "positive": "Tier", "language": "de", "group": "g"},
        {"anchor": "x", "positive": "y", "negative": ["z", "w"], "negative_2": "v"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    task = find_task("text-pairs", path)
    assert task.languages == ("de", "en")
    records = task.source.train()
    assert [(r.language, r.group) for r in records] == [
        ("en", "a"),
        ("de", "g"),
        ("de", "g"),
        ("en", "x"),
    ]
    assert records[0].texts == {"anchor": "a", "positive": "b"}
    negatives = {"negative": "z", "negative_2": "w", "negative_3": "v"}
    assert records[3].texts == {"anchor": "x", "positive": "y", **negatives}
    assert [*texts_read(records[3], task.form)] == ["x", "y", "z", "w", "v"]
    run_two_updates(task, xlm_folder, tmp_path)


def test_text_pairs_of_parquet_with_a_column_for_each_negative(
    xlm_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "pairs.parquet"
    rows = [
        {"anchor": a, "positive": p, "negative_10": n, "negative_2": f"not {n}"}
        for a, p, n in TEXT_PAIRS
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    task = find_task("text-pairs", path)
    assert [r.texts for r in task.source.train()] == [
        {"anchor": a, "positive": p, "negative": f"not {n}", "negative_2": n}
        for a, p, n in TEXT_PAIRS
    ]
    run_two_updates(task, xlm_folder, tmp_path)
    bound = find_task("text-pairs", path, {"negative": "negative_10, negative_2"})
    assert [r.texts["negative"] for r in bound.source.train()] == [n for _, _, n in TEXT_PAIRS]
    wrong = find_task("text-pairs", path, {"negative": "negative_3"})
    with pytest.raises(DataError, match="no column 'negative_3'"):
        wrong.source.train()


def test_masked_lm_of_lines(xlm_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("ein Satz\ntoinen lause\n第三句\nфраза\n", encoding="utf-8")
    run_two_updates(find_task("masked-lm", path), xlm_folder, tmp_path)


@pytest.fixture
def picture_table(tmp_path: Path) -> Path:
    """Six PNGs, each of one colour, and a table of them."""
    (tmp_path / "png").mkdir()
    rows = ["text\timage"]
    for i, name in enumerate(["red", "green", "blue", "white", "black", "pink"]):
        colour = (40 * i, 255 - 40 * i, (90 * i) % 256)
        Image.new("RGB", (20 + i, 30), colour).save(tmp_path / "png" / f"{i}.png")
        rows.append(f"a {name} thing\tpng/{i}.png")
    path = tmp_path / "pictures.tsv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_image_text_of_own_pictures(xlm_folder: Path, tmp_path: Path, picture_table: Path) -> None:
    task = find_task("image-text", picture_table)
    assert task.pictures
    assert [r.image for r in task.source.train()] == [tmp_path / f"png/{i}.png" for i in range(6)]
    run_two_updates(task, xlm_folder, tmp_path)
    before = task.source.checksum()
    Image.new("RGB", (9, 9)).save(tmp_path / "png" / "3.png")
    assert task.source.checksum() != before, "a changed picture changes the key"


def test_own_files_that_do_not_fit(tmp_path: Path, picture_table: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("anchor\tpositve\na\tb\n")
    with pytest.raises(DataError, match=r"no column 'positive'") as caught:
        find_task("text-pairs", path).source.train()
    assert "did you mean 'positve'?" in str(caught.value)
    with pytest.raises(UnknownNameError, match="unknown column of text-pairs 'ancor'"):
        find_task("text-pairs", path, {"ancor": "a"})
    with pytest.raises(DataError, match="missing"):
        find_task("text-pairs", tmp_path / "missing.tsv").source.train()
    (tmp_path / "png" / "4.png").unlink()
    with pytest.raises(DataError, match=r"row 6: no picture .*4\.png"):
        find_task("image-text", picture_table).source.train()


# Targets


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_facts_of_a_target(target) -> None:
    assert TARGETS[target.name] is target
    assert all([target.title, target.description, target.licence, target.citation])
    assert target.metric in OUTCOME_OF_METRIC
    protocols = [p.id for p in target.protocols]
    classes = ["crosslift/picture->class"]
    pairs = ["crosslift/xx->yy", "crosslift/yy->xx"]
    outside = ["crosslift/zero-shot"]
    others = {
        "xcopa": outside,
        "picture-classes": classes,
        "babel-imagenet": classes,
        "pairs": pairs,
    }
    of_pairs = target.name.endswith("-pairs") and target.name not in ("word-pairs", "text-pairs")
    name = "pairs" if of_pairs else target.name
    assert protocols == others.get(name, PROTOCOLS[target.kind])
    assert METRICS[target.metric].aggregation != "median", "differences are of means"
    assert all(is_known(code) for code in target.languages or ())
    assert len(set(target.languages or ())) == len(target.languages or ())


NEEDY = [name for name, target in TARGETS.items() if target.needs_data]


@pytest.mark.parametrize("name", NEEDY)
def test_a_target_without_its_data_says_what_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"target '{name}' has no data") as caught:
        load(name)
    assert caught.value.expected is not None and "data" in caught.value.expected
    with pytest.raises(DataError, match=str(tmp_path / "nowhere")) as caught:
        load(name, data=tmp_path / "nowhere")
    assert caught.value.expected


def test_a_protocol_tells_all_of_itself() -> None:
    facts = Protocol("crosslift", "xx->en").facts()
    assert set(facts) == {
        *("name", "direction", "metric", "pooling", "prompt", "hidden_state", "similarity"),
        *("ties", "threshold_source", "reproduces"),
    }
    assert facts["similarity"] == "cosine"


def vectors_of(folder: Path) -> Callable:
    encoder = load_tiny(folder)
    return lambda texts: encode(encoder, texts)


def load(name: str, **settings) -> BitextData | PictureData:
    return find_target(name).load(TargetSettings(name=name, **settings))


def check_outcomes(results: list[Outcomes], data: BitextData | PictureData, metric: str) -> None:
    for outcomes in results:
        for name, values in outcomes.values.items():
            low, high = (1, np.inf) if name == "rank" else (0, 1)
            assert ((values >= low) & (values <= high)).all()
            assert values.shape == (len(outcomes.items),)
        assert outcomes.score(metric) == pytest.approx(
            outcomes.values[OUTCOME_OF_METRIC[metric]].mean()
        )
        assert len(outcomes.retrieved) == len(outcomes.items)


@pytest.mark.parametrize("name", ["names", "gettext"])
def test_embedded_bitexts_are_evaluated(name: str, xlm_folder: Path) -> None:
    target = find_target(name)
    data = load(name, languages=("de", "ja", "tr"))
    assert isinstance(data, BitextData)
    assert list(data.bitexts) == ["de", "ja", "tr"]
    assert data.gaps == {}
    results = list(
        evaluate_bitexts(
            dict.fromkeys(target.protocols, SideLookups.of_both(vectors_of(xlm_folder))), data
        )
    )
    assert [(o.language, o.protocol) for o in results] == [
        (code, protocol) for code in ("de", "ja", "tr") for protocol in PROTOCOLS["bitext"]
    ]
    check_outcomes(results, data, target.metric)
    for outcomes in results:
        assert outcomes.items == data.bitexts[outcomes.language].items
        assert set(outcomes.retrieved) <= set(outcomes.items)


def test_all_languages_of_names_and_gettext_load() -> None:
    names = load("names")
    assert isinstance(names, BitextData)
    assert tuple(names.bitexts) == find_target("names").languages
    assert all(len(b.src) >= 380 for b in names.bitexts.values())
    gettext = load("gettext")
    assert isinstance(gettext, BitextData)
    assert set(gettext.bitexts) | set(gettext.gaps) == set(find_target("gettext").languages or ())
    assert all(len(b.src) >= 50 for b in gettext.bitexts.values())
    assert gettext.distinct_texts() == sorted(
        {t for b in gettext.bitexts.values() for t in (*b.src, *b.tgt)}
    )


def test_pictures_are_evaluated(xlm_folder: Path) -> None:
    data = load("pictures", languages=("en", "ja"))
    assert isinstance(data, PictureData)
    assert len(data.pictures) == 400
    assert all(path.is_file() for path in data.pictures.values())
    some = dict(list(data.pictures.items())[:40])
    few = PictureData(
        some,
        {
            c: {i: t for i, t in texts_by_item.items() if i in some}
            for c, texts_by_item in data.texts.items()
        },
        gaps={},
    )
    width = vectors_of(xlm_folder)(["a"]).shape[1]
    shades = np.random.default_rng(0).normal(size=(16 * 16 * 3, width))
    decoded = {item: load_picture(path, 16).ravel() for item, path in some.items()}

    def pictures(items) -> np.ndarray:
        return (np.stack([decoded[item] for item in items]) @ shades).astype(np.float32)

    protocols = find_target("pictures").protocols
    outcomes = list(evaluate_pictures(protocols, few, vectors_of(xlm_folder), pictures))
    assert [(o.language, o.protocol) for o in outcomes] == [
        (code, protocol) for code in ("en", "ja") for protocol in PROTOCOLS["pictures"]
    ]
    check_outcomes(outcomes, few, "recall_at_10")


def test_pictures_by_hand() -> None:
    """Three pictures; one language names two of them; candidates differ by direction."""
    picture_vectors = {"p": [1, 0, 0], "q": [0, 1, 0], "r": [0, 0, 1]}
    texts = {"pp": [1, 0, 0.1], "rr": [0, 0.9, 0.5], "": [0, 0, 0]}
    data = PictureData(
        {i: Path(i) for i in picture_vectors}, {"de": {"r": ("rr",), "p": ("pp",)}}, gaps={}
    )
    outcomes = list(
        evaluate_pictures(
            find_target("pictures").protocols,
            data,
            lambda requested: np.array([texts[t] for t in requested], np.float32),
            lambda items: np.array([picture_vectors[i] for i in items], np.float32),
        )
    )
    assert [o.items for o in outcomes] == [("r", "p"), ("r", "p")]
    to_picture, to_text = outcomes
    assert to_picture.retrieved == ("q", "p")
    assert to_picture.values["top1_accuracy"].tolist() == [0, 1]
    assert to_picture.values["reciprocal_rank"].tolist() == [0.5, 1]
    assert to_text.retrieved == ("r", "p")
    assert to_text.score("top1_accuracy") == 1.0


def test_bitexts_against_brute_force() -> None:
    """Both directions, with equal texts on both sides, against sorting by plain loops."""
    generator = np.random.default_rng(0)
    src = (*(f"s{i}" for i in range(14)), "s3")
    tgt = (*(f"t{i}" for i in range(13)), "t2", "t5")
    vectors = {t: generator.choice([-1.0, 1.0], 5) for t in sorted({*src, *tgt})}
    items = tuple(f"xx:{i}" for i in range(15))
    data = BitextData({"de": Bitext("de", src, tgt, items)})

    def lookup(texts: Sequence[str]) -> np.ndarray:
        return np.array([vectors[text] for text in texts], np.float32)

    results = list(
        evaluate_bitexts(
            dict.fromkeys(find_target("bitext").protocols, SideLookups.of_both(lookup)), data
        )
    )
    sides = {"crosslift/xx->en": (src, tgt), "crosslift/en->xx": (tgt, src)}
    assert [o.protocol for o in results] == list(sides)
    for outcomes in results:
        queries, candidates = sides[outcomes.protocol]
        for i, query in enumerate(queries):
            scores = [round(float(vectors[query] @ vectors[c]), 9) for c in candidates]
            better = sum(s > scores[i] for s in scores)
            places = range(better + 1, better + sum(s == scores[i] for s in scores) + 1)
            expected = {
                "top1_accuracy": np.mean([p == 1 for p in places]),
                "reciprocal_rank": np.mean([1 / p for p in places]),
                "recall_at_5": np.mean([p <= 5 for p in places]),
                "recall_at_10": np.mean([p <= 10 for p in places]),
            }
            for name, value in expected.items():
                assert outcomes.values[name][i] == pytest.approx(value), (query, name)
            best = [items[c] for c, s in enumerate(scores) if s == max(scores)]
            assert outcomes.retrieved[i] in best


# Targets of files


def write_laser(folder: Path, codes: tuple[str, ...]) -> Path:
    folder.mkdir(exist_ok=True)
    for code in codes:
        for side in (code, "eng"):
            lines = [f"{side} sentence {i}" for i in range(6)]
            name = f"tatoeba.{code}-eng.{side}"
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["tatoeba", "bitext"])
def test_tatoeba_in_lasers_layout(name: str, tmp_path: Path, xlm_folder: Path) -> None:
    folder = write_laser(tmp_path / "data", ("deu", "swh", "cmn"))
    data = load(name, data=folder, languages=("de", "sw", "zh"))
    assert isinstance(data, BitextData)
    assert data.bitexts["sw"].src[2] == "swh sentence 2"
    assert data.bitexts["sw"].tgt[2] == "eng sentence 2"
    target = find_target(name)
    outcomes = list(
        evaluate_bitexts(
            dict.fromkeys(target.protocols, SideLookups.of_both(vectors_of(xlm_folder))), data
        )
    )
    assert len(outcomes) == 6
    check_outcomes(outcomes, data, target.metric)
    first = data.checksum
    (folder / "tatoeba.deu-eng.deu").write_text("ein Satz\n" * 6, encoding="utf-8")
    assert load(name, data=folder, languages=("de", "sw", "zh")).checksum != first


def test_tatoeba_wants_every_language_it_lists(tmp_path: Path) -> None:
    assert len(TATOEBA_36) == 36
    folder = write_laser(tmp_path / "data", ("deu", "swh"))
    with pytest.raises(DataError, match="holds no bitext of af, ar, bg"):
        load("tatoeba", data=folder)
    data = load("bitext", data=folder)
    assert isinstance(data, BitextData)
    assert list(data.bitexts) == ["de", "sw"]


def test_languages_and_data_that_are_missing(tmp_path: Path) -> None:
    folder = write_laser(tmp_path / "data", ("deu",))
    with pytest.raises(DataError, match="holds no bitext of fi"):
        load("bitext", data=folder, languages=("de", "fi"))
    for name in ("bitext", "tatoeba"):
        with pytest.raises(DataError, match=f"target '{name}' has no data"):
            load(name)
        with pytest.raises(DataError, match="is not a folder"):
            load(name, data=tmp_path / "nowhere")
    for name in ("names", "gettext", "pictures"):
        with pytest.raises(UnknownNameError, match="'xx'"):
            load(name, languages=("de", "xx"))


def test_own_catalogs_with_too_few_sentences_are_a_gap(tmp_path: Path) -> None:
    def write(language: str, count: int) -> None:
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        entries = [
            f'msgid "The thing number {i} is here"\nmsgstr "{language} {i} ist hier"\n'
            for i in range(count)
        ]
        (folder / "django.po").write_text("\n".join([head, *entries]), encoding="utf-8")

    write("de", 60)
    write("fi", 49)
    data = load("gettext", catalogs=tmp_path)
    assert isinstance(data, BitextData)
    assert list(data.bitexts) == ["de"]
    assert data.gaps == {"fi": "only 49 sentences of 3 words and more (50 needed)"}
    with pytest.raises(DataError, match="no language of the catalogs has 50 sentences: fi 49"):
        load("gettext", catalogs=tmp_path, languages=("fi",))
