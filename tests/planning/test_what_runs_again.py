"""Which steps run again after a language, some pairs, a target or the copy of a file is added."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caption_samples import json_lines, put
from small_study import small_study

from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.making.evaluate import open_outcomes
from crosslift.making.text_sets import text_sets
from crosslift.planning.load_target import load_target
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.sources.captions import checksum_of
from crosslift.sources.record import Bitext
from crosslift.steps.run import run_plan
from crosslift.steps.step import Step
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.target_settings import TargetSettings
from crosslift.tasks.all_tasks import find_task

Target = dict[str, Any]


def write_bitext(folder: Path, code: str, pairs: int = 30, english: str | None = None) -> None:
    """Pairs of a language and English, whose English side is that of no other language by default."""
    folder.mkdir(exist_ok=True)
    sides = {code: f"{code} Satz", "en": english or f"sentence of {code}"}
    for side, words in sides.items():
        lines = "".join(f"{words} {n * 7 % 100} {n}\n" for n in range(pairs))
        (folder / f"own.{code}-en.{side}").write_text(lines, encoding="utf-8")


@pytest.fixture
def bitexts(tmp_path: Path) -> Path:
    folder = tmp_path / "bitexts"
    for code in ("de", "fr"):
        write_bitext(folder, code)
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rows = "".join(f"a dog {n}\tthe dog {n}\n" for n in range(20))
    path = tmp_path / "pairs.tsv"
    path.write_text(f"anchor\tpositive\n{rows}", encoding="utf-8")
    return path


class MadeSteps(Silent[Step]):
    """Counts the steps that a run makes, by kind and label."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()

    def end(self, work: Step, seconds: float) -> None:
        self.steps[f"{work.kind}: {work.label}"] += 1


@pytest.fixture
def run(xlm_folder: Path, tmp_path: Path, pairs: Path) -> Callable[..., tuple[Plan, Counter[str]]]:
    """Runs a study of two arms with one seed, and counts the steps that are made."""

    def run(
        *targets: Target, data: Path = pairs, store: str = "store"
    ) -> tuple[Plan, Counter[str]]:
        stage = {"task": "text-pairs", "data": str(data), "language": "en"}
        study = small_study(
            xlm_folder,
            seeds=[1],
            start="plain",
            arms={"baseline": {}, "own": {"stages": [stage]}},
            targets=list(targets),
            comparisons=[],
        )
        listener = MadeSteps()
        plan, _ = run_plan(plan_study(study), Store(tmp_path / store), listener)
        return plan, listener.steps

    return run


def of_both_arms(*steps: str) -> Counter[str]:
    return Counter(dict.fromkeys(steps, 2))


def own(folder: Path, **settings: Any) -> Target:
    return {"name": "bitext", "data": str(folder), **settings}


def of_all_languages(name: str = "bitext") -> Counter[str]:
    """The steps that read all languages at once: cheap, and none encodes."""
    return of_both_arms(f"diagnose: {name}") + Counter({f"overlap: text-pairs with {name}": 1})


@pytest.mark.parametrize("code", ["ar", "hi"], ids=["before the others", "after the others"])
def test_a_language_more_is_encoded_and_scored_alone(
    run: Any, bitexts: Path, tmp_path: Path, code: str
) -> None:
    assert run(own(bitexts))[1]["encode: texts of bitext, de"] == 2
    write_bitext(bitexts, code)
    plan, made = run(own(bitexts))
    assert made == of_all_languages() + of_both_arms(
        f"encode: texts of bitext, {code}",
        f"encode: texts of bitext, tgt of {code}",
        f"evaluate: bitext, {code}",
    )
    again, made = run(own(bitexts), store="other")
    assert made["evaluate: bitext, de"] == 2
    for arm in (0, 1):
        grown, fresh = (p.runs[arm].evaluations["bitext"].values() for p in (plan, again))
        outcomes = open_outcomes(grown, Store(tmp_path / "store"))
        assert outcomes.equals(open_outcomes(fresh, Store(tmp_path / "other")))


def test_a_language_more_in_the_study_alone(run: Any, bitexts: Path) -> None:
    run(own(bitexts, languages=["fr"]))
    _, made = run(own(bitexts, languages=["de", "fr"]))
    assert made == of_all_languages() + of_both_arms(
        "encode: texts of bitext, de",
        "encode: texts of bitext, tgt of de",
        "evaluate: bitext, de",
    )


def test_an_english_side_that_languages_share_is_encoded_once(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "parallel"
    for code in ("de", "fr"):
        write_bitext(folder, code, english="one sentence")
    _, made = run(own(folder))
    encoded = [name for name in made if name.startswith("encode")]
    assert encoded == [
        "encode: texts of bitext, de",
        "encode: texts of bitext, fr",
        "encode: texts of bitext, tgt of de, fr",
    ]
    write_bitext(folder, "ar", english="one sentence")
    _, made = run(own(folder))
    assert made == of_all_languages() + of_both_arms(
        "encode: texts of bitext, ar", "evaluate: bitext, ar"
    )


def test_three_pairs_more_encode_their_language_alone(run: Any, bitexts: Path) -> None:
    run(own(bitexts))
    write_bitext(bitexts, "de", pairs=33)
    _, made = run(own(bitexts))
    assert made == of_all_languages() + of_both_arms(
        "encode: texts of bitext, de",
        "encode: texts of bitext, tgt of de",
        "evaluate: bitext, de",
    )


def test_a_second_target_of_the_same_texts_encodes_nothing(run: Any, bitexts: Path) -> None:
    run(own(bitexts))
    tatoeba = {"name": "tatoeba", "data": str(bitexts), "languages": ["fr", "de"]}
    _, made = run(own(bitexts), tatoeba)
    assert made == of_all_languages("tatoeba") + of_both_arms(
        "evaluate: tatoeba, fr", "evaluate: tatoeba, de"
    )


def test_copies_of_files_are_the_same_data(
    run: Any, bitexts: Path, pairs: Path, tmp_path: Path
) -> None:
    run(own(bitexts))
    copy = tmp_path / "elsewhere" / "deep" / "other name.tsv"
    copy.parent.mkdir(parents=True)
    shutil.copyfile(pairs, copy)
    renamed = tmp_path / "elsewhere" / "bitexts"
    renamed.mkdir()
    for path in bitexts.iterdir():
        shutil.copyfile(path, renamed / path.name.replace("own", "News"))
    assert run(own(renamed), data=copy)[1] == Counter()
    changed = copy.with_name("changed.tsv")
    changed.write_text(pairs.read_text(encoding="utf-8") + "one\tmore\n", encoding="utf-8")
    _, made = run(own(renamed), data=changed)
    assert made["train: text-pairs, seed 1"] == 1
    assert made["encode: texts of bitext, de"] == 1, "of the arm that trains on the file"


def test_a_picture_target_embeds_its_pictures_once(xlm_folder: Path) -> None:
    def keys(*languages: str) -> dict[str, str]:
        target = {"name": "pictures", "languages": list(languages)}
        plan = plan_study(small_study(xlm_folder, seeds=[1], targets=[target]))
        steps = [step for run in plan.runs if run.arm == "image" for step in run.steps()]
        return {step.key: f"{step.kind}: {step.label}" for step in steps}

    before, after = keys("en"), keys("en", "fa")
    assert set(before) < set(after)
    assert [name for key, name in after.items() if key not in before] == [
        "encode: texts of pictures, fa",
        "evaluate: pictures, fa",
    ]


# What the names of files mean


def sum_of(task: str, data: Path) -> str:
    return find_task(task, data, {}).source.checksum()


def test_the_ending_of_a_table_and_the_language_of_a_file_count(tmp_path: Path) -> None:
    table = tmp_path / "one.csv"
    table.write_text("text\nsome words\nother words\n", encoding="utf-8")
    first = sum_of("masked-lm", table)
    assert sum_of("masked-lm", shutil.copyfile(table, tmp_path / "two.csv")) == first
    assert sum_of("masked-lm", shutil.copyfile(table, tmp_path / "two.tsv")) != first

    sums = set()
    for place, name in (("a", "de.txt"), ("b", "de.txt"), ("c", "sw.txt")):
        folder = tmp_path / place
        folder.mkdir()
        (folder / name).write_text("some words\n", encoding="utf-8")
        sums.add(sum_of("masked-lm", folder))
    assert len(sums) == 2


def test_the_sides_in_the_name_of_a_lexicon_count(tmp_path: Path) -> None:
    names = ("swh-eng.tsv", "words.sw-en.tsv", "en-sw.tsv")
    for name in names:
        (tmp_path / name).write_text("mbwa\tdog\npaka\tcat\n", encoding="utf-8")
    first, renamed, turned = (sum_of("word-pairs", tmp_path / name) for name in names)
    assert first == renamed != turned


def test_captions_are_keyed_by_their_entries_and_pictures(tmp_path: Path) -> None:
    put(tmp_path, "a.png", "b.png")
    rows = [{"image": "a.png", "text": "a dog"}, {"image": "b.png", "text": "a cat"}]
    first = checksum_of(json_lines(tmp_path / "captions.jsonl", rows))
    assert checksum_of(json_lines(tmp_path / "renamed.jsonl", rows)) == first
    there = tmp_path / "there"
    shutil.copytree(tmp_path, there)
    assert checksum_of(there / "captions.jsonl") == first
    (there / "a.png").write_bytes((there / "a.png").read_bytes() + b"0")
    assert checksum_of(there / "captions.jsonl") != first
    other = [rows[0], {"image": "b.png", "text": "two cats"}]
    assert checksum_of(json_lines(tmp_path / "other.jsonl", other)) != first


# The sets of texts that are encoded together


def bitext_data(**sides: tuple[tuple[str, ...], tuple[str, ...]]) -> BitextData:
    return BitextData(
        {
            code: Bitext(code, src, tgt, tuple(map(str, range(len(src)))))
            for code, (src, tgt) in sides.items()
        },
        gaps={},
    )


def test_sides_with_most_texts_in_common_are_one_set() -> None:
    data = bitext_data(
        de=(("eins", "zwei", "drei"), ("one", "two", "three")),
        fr=(("un", "deux", "quatre"), ("one", "two", "four")),
        sw=(("moja", "tano"), ("one", "five")),
        cs=(("one", "two"), ("jeden", "dva")),
    )
    sets = text_sets(data, apart=False)
    shared = sets["de", "tgt"]
    assert shared is sets["fr", "tgt"] is sets["cs", "src"]
    assert shared.texts == ["four", "one", "three", "two"]
    assert shared.words == "cs; tgt of de, fr"
    assert sets["sw", "tgt"].texts == ["five", "one"], "half in common is not most"
    assert len({id(each) for each in sets.values()}) == 6
    apart = text_sets(data, apart=True)
    assert apart["cs", "src"].texts == ["one", "two"]
    assert apart["de", "tgt"] is apart["fr", "tgt"]


def test_every_text_of_the_packaged_targets_is_encoded_once() -> None:
    for name in ("names", "gettext"):
        loaded = load_target(TargetSettings(name=name))
        sets = {id(each): each for each in loaded.text_sets.values()}
        texts = Counter(text for each in sets.values() for text in each.texts)
        assert set(texts) == set(loaded.texts)
        twice = sum(texts.values()) / len(texts)
        assert twice < 1.04, f"{name}: {np.round(twice, 3)} encodings of a text"
