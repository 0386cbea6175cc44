"""XTREME's seven labelled targets: facts, layouts, splits, languages, own files, the hub."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dataset_samples import write_sample
from labelled_samples import (
    LANGUAGES,
    NLI,
    articles,
    conllu_sentence,
    entities,
    hub_questions,
    hub_words,
    nli_pairs,
    pairs_file,
    paraphrases,
    parts_of_speech,
    squad_file,
    tydiqa_file,
    wikiann_file,
    xtreme_files,
    xtreme_folder,
)

from crosslift.errors import DataError
from crosslift.languages import is_known
from crosslift.sources.labelled.conllu import EMPTY_NODE, RANGE, WITHHELD
from crosslift.sources.labelled.words import ENTITIES, UPOS
from crosslift.sources.record import Record
from crosslift.targets.all_targets import find_target
from crosslift.targets.kinds.labelled_examples import LabelledData
from crosslift.targets.target_settings import TargetSettings

NAMES = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa")
COUNTS = {"xnli": 15, "pawsx": 7, "udpos": 33, "panx": 40, "xquad": 11, "mlqa": 7, "tydiqa": 9}
METRICS = {
    **{"xnli": "accuracy", "pawsx": "accuracy", "udpos": "tag_f1", "panx": "entity_f1"},
    **dict.fromkeys(("xquad", "mlqa", "tydiqa"), "answer_f1"),
}
QUESTIONS = ("xquad", "mlqa", "tydiqa")


def load(name: str, data: Path | None = None, **settings: Any) -> LabelledData:
    loaded = find_target(name).load(TargetSettings(name=name, data=data, **settings))
    assert isinstance(loaded, LabelledData)
    return loaded


def put(folder: Path, files: Mapping[str, str]) -> Path:
    return write_sample(folder, files)


# Facts


@pytest.mark.parametrize("name", NAMES)
def test_facts(name: str) -> None:
    target = find_target(name)
    assert len(target.languages or ()) == len(set(target.languages or ())) == COUNTS[name]
    assert all(is_known(code) for code in target.languages or ())
    assert (target.kind, target.metric) == ("labelled", METRICS[name])
    assert not target.needs_data
    (protocol,) = target.protocols
    assert (protocol.id, protocol.metric) == ("xtreme/zero-shot", METRICS[name])
    assert protocol.reproduces == "google-research/xtreme: evaluate.py"


def test_labels_and_tags_of_the_forms(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    options = {name: load(name, folder).task.form.options for name in NAMES}
    assert options["xnli"]["labels"] == NLI
    assert options["pawsx"]["labels"] == ("0", "1")
    assert options["udpos"]["tags"] == UPOS
    assert len(UPOS) == 17
    assert options["panx"]["tags"] == ENTITIES
    assert len(ENTITIES) == 7


# XTREME's layout


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_folder_of_all_and_that_of_a_task(name: str, inside: bool, tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    data = load(name, folder / name if inside else folder)
    languages = {"en", "fi", "ko"} if name == "tydiqa" else set(LANGUAGES)
    assert set(data.tests) == languages
    assert set(data.gaps) == set(find_target(name).languages or ()) - languages
    assert data.split == ("test" if name in QUESTIONS else "dev")
    assert data.labelled
    assert data.left_out == {}
    for language, records in data.tests.items():
        assert len(records) == 8
        assert {record.language for record in records} == {language}
        assert len({record.id for record in records}) == 8
    assert {record.language for record in data.task.source.train()} == {"en"}


def test_records_in_full(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    premise, hypothesis, label = nli_pairs("de", 8)[2]
    assert load("xnli", folder).tests["de"][2] == Record(
        "2", {"text": premise, "pair": hypothesis}, language="de", label=label
    )
    first, second, label = paraphrases("zh", 8)[1]
    assert '"' in first
    assert load("pawsx", folder).tests["zh"][1] == Record(
        "1", {"text": first, "pair": second}, language="zh", label=label
    )
    sentence = entities("de", 8)[7]
    assert load("panx", folder).tests["de"][7] == Record(
        "7", language="de", words=tuple(w for w, _ in sentence), tags=tuple(t for _, t in sentence)
    )
    record = load("xquad", folder).tests["zh"][1]
    (start, end), passage = record.spans[0], record.texts["passage"]
    assert (record.id, record.language, passage[start:end]) == ("q0-1", "zh", "1900")


@pytest.mark.parametrize(("name", "several"), [("xnli", False), ("xquad", True)])
def test_spans_may_be_several(name: str, several: bool, tmp_path: Path) -> None:
    assert load(name, xtreme_folder(tmp_path)).several_right("zero-shot") == several


def test_translations_share_their_ids(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    for name in ("xnli", "pawsx", "xquad"):
        tests = load(name, folder).tests
        ids = {tuple(record.id for record in records) for records in tests.values()}
        assert len(ids) == 1
        labels = {tuple(record.label for record in records) for records in tests.values()}
        assert len(labels) == 1


@pytest.mark.parametrize("name", NAMES)
def test_withheld_labels(name: str, tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path, "none")
    data = load(name, folder, split="test")
    assert (data.split, data.labelled) == ("test", False)
    for record in data.tests["en"]:
        assert (record.label, record.tags, record.spans) == (None, (), ())
        assert record.texts or record.words
    without = load(name, folder)
    if name in ("xquad", "tydiqa"):
        assert (without.split, without.labelled) == ("test", False)
    else:
        assert (without.split, without.labelled) == ("dev", True)


@pytest.mark.parametrize("name", NAMES)
def test_the_test_split_is_scored_where_it_has_labels(name: str, tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path, "all")
    data = load(name, folder)
    assert (data.split, data.labelled) == ("test", True)
    if name not in ("xquad", "tydiqa"):
        dev = load(name, folder, split="dev")
        assert (dev.split, dev.labelled) == ("dev", True)
        assert dev.checksum != data.checksum
        texts = {(record.words, *record.texts.values()) for record in dev.tests["de"]}
        assert texts != {(record.words, *record.texts.values()) for record in data.tests["de"]}


@pytest.mark.parametrize("name", ["xquad", "tydiqa"])
def test_a_split_that_is_not_published(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"has no dev examples of {name} in"):
        load(name, xtreme_folder(tmp_path), split="dev")


def test_requested_languages(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    data = load("xnli", folder, languages=("zh", "de"))
    assert (list(data.tests), dict(data.gaps)) == (["zh", "de"], {})
    with pytest.raises(DataError, match="no dev examples of xnli in fr, el") as error:
        load("xnli", folder, languages=("de", "fr", "el"))
    assert "it has dev-de, dev-en, dev-zh, test-de" in str(error.value)


def test_a_gap_says_why(tmp_path: Path) -> None:
    data = load("xnli", xtreme_folder(tmp_path) / "xnli")
    assert data.gaps["fr"] == "no dev examples in xnli"


def test_labels_in_some_languages_alone(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path, "all")
    put(folder, {"xnli/test-zh.tsv": pairs_file(nli_pairs("zh", 8), labels=False)})
    with pytest.raises(DataError, match="xnli has test labels, but not in zh"):
        load("xnli", folder)
    assert load("xnli", folder, languages=("de", "en")).labelled


@pytest.mark.parametrize("name", NAMES)
def test_the_checksum_is_of_what_is_measured(name: str, tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    before = load(name, folder)
    files = xtreme_files()
    german = "fi" if name == "tydiqa" else "de"
    measured = [p for p in files if p.startswith(f"{name}/") and f"{before.split}" in p]
    changed = next(
        path
        for path in (measured if name not in ("xquad", "tydiqa") else files)
        if path.startswith(f"{name}/")
        and re.search(rf"[-.]{german}[.-]", path)
        and "train" not in path
    )
    put(folder, {changed: files[changed] + "\n"})
    after = load(name, folder)
    assert after.checksum != before.checksum
    assert (
        load(name, folder, languages=("en",)).checksum
        == load(name, xtreme_folder(tmp_path / "other"), languages=("en",)).checksum
    )


def test_a_folder_without_the_files(tmp_path: Path) -> None:
    put(tmp_path, {"readme.txt": "x"})
    for name in NAMES:
        for folder, what in ((tmp_path, "it holds readme.txt"), (tmp_path / "no", "not a folder")):
            with pytest.raises(DataError, match=what) as error:
                load(name, folder)
            assert "https://" in str(error.value)


# The publishers' own files


def own_xnli(count: int = 6) -> str:
    columns = ["language", "gold_label", "sentence1_parse", "sentence1", "sentence2", "pairID"]
    rows = ["\t".join(columns)]
    for language in ("ar", "en"):
        for number, (text, pair, label) in enumerate(nli_pairs("en", count)):
            rows.append("\t".join((language, label, '( "(', f'{text} "', pair, str(number))))
    return "\n".join(rows) + "\n"


def test_xnli_of_its_publishers(tmp_path: Path) -> None:
    files = {"XNLI-1.0/xnli.dev.tsv": own_xnli(6), "XNLI-1.0/xnli.test.tsv": own_xnli(9)}
    data = load("xnli", put(tmp_path, files))
    assert (data.split, {code: len(records) for code, records in data.tests.items()}) == (
        "test",
        {"ar": 9, "en": 9},
    )
    assert data.tests["ar"][0].texts["text"].endswith('."'[0] + ' "')
    assert [record.id for record in data.tests["en"]] == [str(n) for n in range(9)]
    assert len(data.task.source.dev()) == 6


def test_pawsx_of_its_publishers(tmp_path: Path) -> None:
    rows = ["id\tsentence1\tsentence2\tlabel"]
    rows += ["\t".join((str(n + 1), *pair)) for n, pair in enumerate(paraphrases("en", 4))]
    text = "\n".join(rows) + "\n"
    names = (
        "en/train",
        "en/dev_2k",
        "en/test_2k",
        "fr/dev_2k",
        "fr/test_2k",
        "fr/translated_train",
    )
    data = load("pawsx", put(tmp_path, {f"x-final/{name}.tsv": text for name in names}))
    assert (data.split, set(data.tests)) == ("test", {"en", "fr"})
    assert [r.texts["text"] for r in data.tests["fr"]] == [p[0] for p in paraphrases("en", 4)]
    assert data.tests["fr"][3].id == "3"
    assert len(data.task.source.train()) == len(data.task.source.dev()) == 4


FRENCH = """# sent_id = fr-1
1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_
1\tde\t_\tADP\t_\t_\t0\troot\t_\t_
2\tle\t_\tDET\t_\t_\t0\troot\t_\t_
2.1\tva\t_\tVERB\t_\t_\t_\t_\t_\t_
3\t15 000\t_\tNUM\t_\t_\t0\troot\t_\t_

1\t_\t_\tNOUN\t_\t_\t0\troot\t_\t_
2\t_\t_\tVERB\t_\t_\t0\troot\t_\t_

"""


def test_treebanks_of_a_language_are_pooled(tmp_path: Path) -> None:
    english = "".join(map(conllu_sentence, parts_of_speech("en", 8)))
    data = load(
        "udpos",
        put(
            tmp_path,
            {
                "UD_French-B/fr_b-ud-test.conllu": conllu_sentence([("oui", "INTJ")]),
                "UD_French-A/fr_a-ud-test.conllu": FRENCH,
                "UD_English-A/en_a-ud-train.conllu": english,
                "UD_English-A/en_a-ud-dev.conllu": english,
                "UD_English-B/en_b-ud-train.conllu": english,
            },
        ),
    )
    assert [record.words for record in data.tests["fr"]] == [("de", "le", "15000"), ("oui",)]
    assert data.tests["fr"][0].tags == ("ADP", "DET", "NUM")
    assert data.left_out == {"fr": {RANGE: 1, EMPTY_NODE: 1, WITHHELD: 1}}
    assert (len(data.task.source.train()), len(data.task.source.dev())) == (16, 8)
    assert "en" in data.gaps


@pytest.mark.parametrize("inside", ["", "ud-treebanks-v2.5", "udpos/ud-treebanks-v2.7"])
def test_treebanks_are_trained_on_where_they_are_measured(inside: str, tmp_path: Path) -> None:
    english = "".join(map(conllu_sentence, parts_of_speech("en", 8)))
    files = {
        f"UD_{name}-A/{code}_a-ud-{split}.conllu": english
        for code, name, split in (("en", "English", "train"), ("fr", "French", "test"))
    }
    put(tmp_path / inside, files)
    data = load("udpos", tmp_path)
    assert (data.split, set(data.tests)) == ("test", {"fr"})
    assert len(data.task.source.train()) + len(data.task.source.dev()) == 8


def test_wikiann_of_its_publishers(tmp_path: Path) -> None:
    files = {
        f"{code}/{split}": wikiann_file(code, entities("en" if code == "en" else "de", 8))
        for code in ("en", "de")
        for split in ("train", "dev", "test")
    }
    data = load("panx", put(tmp_path, files))
    assert (data.split, set(data.tests)) == ("test", {"en", "de"})
    assert data.tests["de"][0].words[:3] == ("Anna", "Roth", "leitete")


def test_tydiqa_in_one_file(tmp_path: Path) -> None:
    train = tydiqa_file(("korean", "ko", 2, 0), ("english", "en", 6, 2), ("finnish", "fi", 2, 0))
    dev = tydiqa_file(("finnish", "fi", 2, 20), ("english", "en", 2, 22))
    files = {"tydiqa-goldp-v1.1-train.json": train, "tydiqa-goldp-v1.1-dev.json": dev}
    data = load("tydiqa", put(tmp_path, files))
    assert (data.split, set(data.tests)) == ("test", {"fi", "en"})
    source = data.task.source
    records = [*source.train(), *source.dev()]
    assert {record.id.split("-")[0] for record in records} == {"train:english"}
    assert len(records) == 12


def test_mlqa_directly(tmp_path: Path) -> None:
    folder = xtreme_folder(tmp_path)
    text = squad_file(articles("de", 2))
    files = {
        "dev-context-de-question-de.json": text,
        "dev-context-de-question-en.json": squad_file(articles("de", 3)),
    }
    data = load("mlqa", put(tmp_path / "mlqa", files), english=folder / "squad")
    assert {code: len(records) for code, records in data.tests.items()} == {"de": 4}


# The hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    def put_library(load_dataset: Callable[..., Any]) -> None:
        module = ModuleType("datasets")
        module.load_dataset = load_dataset
        monkeypatch.setitem(sys.modules, "datasets", module)
        commit = ModuleType("huggingface_hub")
        commit.HfApi = type("Api", (), {"dataset_info": lambda *_, **__: _Info()})
        monkeypatch.setitem(sys.modules, "huggingface_hub", commit)

    return put_library


class _Info:
    sha = "c" * 40


def test_every_target_is_read_from_the_hub(hub: Callable[[Callable[..., Any]], None]) -> None:
    requests: list[tuple[str, str | None, str]] = []
    rows = {
        "facebook/xnli": [
            {"premise": a, "hypothesis": b, "label": NLI.index(c)} for a, b, c in nli_pairs("en", 6)
        ],
        "google-research-datasets/paws-x": [
            {"id": n, "sentence1": a, "sentence2": b, "label": int(c)}
            for n, (a, b, c) in enumerate(paraphrases("en", 4))
        ],
        "unimelb-nlp/wikiann": [hub_words(s, "ner_tags") for s in entities("en", 4)],
        "udpos": [hub_words(s, "pos_tags") for s in parts_of_speech("en", 4)],
        "XQuAD": hub_questions(articles("en", 2)),
        "MLQA": hub_questions(articles("en", 2)),
        "tydiqa": hub_questions(articles("en", 2, prefix="english-"))
        + hub_questions(articles("fi", 2, prefix="finnish-")),
    }

    def load_dataset(name: str, config: str, *, split: str, revision: str) -> Any:
        assert revision == "main" or re.fullmatch("[0-9a-f]{40}", revision)
        requests.append((name, config, split))
        return rows[config.split(".")[0] if name == "google/xtreme" else name]

    hub(load_dataset)
    checksums = {}
    for name in NAMES:
        language = "fi" if name == "tydiqa" else "de"
        data = load(name, languages=(language, "en"))
        assert (data.split, data.labelled, list(data.tests)) == ("test", True, [language, "en"])
        checksums[name] = {
            record.label or record.tags or record.spans for record in data.tests["en"]
        }
    assert all(checksums.values())
    assert checksums["xnli"] == set(NLI)
    assert tuple(tag for _, tag in entities("en", 1)[0]) in checksums["panx"]
    for expected in (
        ("facebook/xnli", "de", "test"),
        ("unimelb-nlp/wikiann", "de", "test"),
        ("google/xtreme", "udpos.German", "test"),
        ("google/xtreme", "XQuAD.de", "validation"),
        ("google/xtreme", "MLQA.de.de", "test"),
        ("google/xtreme", "tydiqa", "validation"),
    ):
        assert expected in requests
    assert [record.id for record in load("tydiqa", languages=("fi",)).tests["fi"]] == [
        *("finnish-0-0", "finnish-0-1", "finnish-1-0", "finnish-1-1")
    ]


def test_a_treebank_that_the_hub_has_no_dev_of(hub: Callable[[Callable[..., Any]], None]) -> None:
    rows = [hub_words(s, "pos_tags") for s in parts_of_speech("en", 4)]
    hub(lambda *_, **__: rows)
    data = load("udpos", split="dev")
    assert {"kk", "th", "tl", "yo"} == set(data.gaps)
    assert len(data.tests) == 29


def test_numbers_of_the_hub_that_are_no_tags(hub: Callable[[Callable[..., Any]], None]) -> None:
    for row, message in (
        ({"tokens": ["a", "b"], "ner_tags": [0]}, "2 words and 1 tags"),
        ({"tokens": ["a"], "ner_tags": [7]}, "'ner_tags' holds 7"),
    ):
        hub(lambda *_, row=row, **__: [row])
        with pytest.raises(DataError, match=message):
            load("panx", languages=("de",))


def test_no_network_says_to_give_the_files(hub: Callable[[Callable[..., Any]], None]) -> None:
    def load_dataset(*_: object, **__: object) -> Any:
        raise ConnectionError("unreachable")

    hub(load_dataset)
    with pytest.raises(DataError, match="unreachable") as error:
        load("panx")
    assert "give `data:` with the folder of dev-XX.tsv" in str(error.value)


def test_without_training_files_the_hub_is_used(
    tmp_path: Path, hub: Callable[[Callable[..., Any]], None]
) -> None:
    def load_dataset(*_: object, **__: object) -> Any:
        raise ConnectionError("unreachable")

    hub(load_dataset)
    folder = xtreme_folder(tmp_path)
    (folder / "xnli" / "train-en.tsv").unlink()
    source = load("xnli", folder / "xnli").task.source
    with pytest.raises(DataError, match="unreachable") as error:
        source.train()
    assert "give `english:` with the folder of train-en.tsv" in str(error.value)
