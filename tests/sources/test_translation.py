"""Translated records, the step that makes them, and what the command line says of engines."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from executed_modules import modules_outside_their_code
from tiny_translators import SENTENCES, fake, model_folders, question

from crosslift.artifacts.store import Store
from crosslift.errors import DataError, StudyError
from crosslift.making.translated import dropped_counts, translated_records
from crosslift.planning.translation_steps import translate_step
from crosslift.sources.record import Record
from crosslift.sources.translation.apertium import Apertium
from crosslift.sources.translation.marks import Marks, Piece, put_marks, take_marks
from crosslift.sources.translation.record_lines import line_of, record_of
from crosslift.sources.translation.records import translate_records
from crosslift.sources.translation.translation_settings import TranslationSettings
from crosslift.steps import make_step as making
from crosslift.steps.step import Step, Workplace
from crosslift.tasks.task import FormSpec, IntermediateTask

__all__ = ["fake", "model_folders"]  # fixtures

QUESTION = FormSpec(
    "span-qa", {"question": "question", "passage": "passage"}, options={"unanswerable": True}
)
PAIRS = FormSpec("text-pairs", {"anchor": "anchor", "positive": "positive"})


@dataclass
class Upper:
    """An engine that translates into capitals; some texts have a fixed translation."""

    translations: dict[str, str | None] = field(default_factory=dict)
    texts_seen: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        return {"engine": "upper"}

    def translate(self, texts: Sequence[str], language: str, advance: Any) -> list[str | None]:
        self.texts_seen += texts
        advance(len(texts))
        return [self.translations.get(text, text.upper()) for text in texts]

    def mark(self, text: str, start: int, end: int) -> str | None:
        return put_marks(text, start, end, Marks("[", "]"))

    def unmark(self, text: str) -> Piece | None:
        return take_marks(text, Marks("[", "]"))


@dataclass(frozen=True)
class Listed:
    """A source of records."""

    records: tuple[Record, ...]
    sum: str = "0"

    def train(self) -> list[Record]:
        return list(self.records)

    def dev(self) -> list[Record]:
        return []

    def checksum(self) -> str:
        return self.sum


def task_of(records: Sequence[Record], form: FormSpec = PAIRS) -> Any:
    """A task with these training records."""
    source = Listed(tuple(records))
    return IntermediateTask("own", "Own", form, source, ("en",), "none", "none")


# Records


def test_what_a_form_reads_is_translated_and_the_rest_stays() -> None:
    choice = Record(
        "c", {"context": "a b", "note": "left"}, choices=("x", "y"), answer=1, group="g"
    )
    made = translate_records([choice], {"context": "context"}, None, Upper(), "es")
    assert made.records == (
        replace(choice, id="c:es", language="es", texts={"context": "A B"}, choices=("X", "Y")),
    )
    graded = Record("s", {"a": "one", "b": "two"}, score=0.5, label="same", image=Path("p.svg"))
    made = translate_records([graded], {"x": "a", "y": "b"}, None, Upper(), "ca")
    texts = {"a": "ONE", "b": "TWO"}
    expected = replace(graded, id="s:ca", language="ca", texts=texts, group="\0s")
    assert made.records == (expected,)


def test_each_hard_negative_is_translated() -> None:
    texts = {"anchor": "a", "positive": "b", "negative": "c", "negative_2": "d"}
    columns = {**PAIRS.columns, "negative": "negative"}
    made = translate_records([Record("p", texts)], columns, None, Upper(), "es")
    upper = {name: text.upper() for name, text in texts.items()}
    assert [record.texts for record in made.records] == [upper]


def test_equal_texts_are_translated_once() -> None:
    engine, shares = Upper(), []
    records = [Record(str(i), {"anchor": "same", "positive": f"{i % 2}"}) for i in range(6)]
    made = translate_records(records, PAIRS.columns, None, engine, "es", shares.append)
    assert sorted(engine.texts_seen) == ["0", "1", "same"]
    assert len(made.records) == 6
    assert shares[-1] == 1


def test_what_is_dropped_is_counted_by_reason() -> None:
    translations: dict[str, str | None] = {
        "void": "  ",
        "long": None,
        "at [Rome].": "Rome",
        "on [Rhodes].": "[R] [S]",
    }
    records = [
        question("kept", "in Oslo.", "Oslo"),
        question("lost", "at Rome.", "Rome"),
        question("twice", "on Rhodes.", "Rhodes"),
        question("own", "in Oslo [1].", "Oslo"),
        question("void", "void", None),
        question("long", "long", None),
    ]
    made = translate_records(records, QUESTION.columns, "passage", Upper(translations), "es")
    assert [(r.id, r.texts["passage"], r.spans) for r in made.records] == [
        ("kept:es", "IN OSLO.", ((3, 7),))
    ]
    assert made.dropped == {
        "the answer's place was lost": 2,
        "holds the marks of an answer itself": 1,
        "nothing came out": 1,
        "not translated whole": 1,
    }
    choice = Record("c", {}, choices=("big", "large"), answer=0)
    made = translate_records([choice], {}, None, Upper({"big": "grande", "large": "grande"}), "es")
    assert made.dropped == {"two choices became one": 1}


@pytest.mark.parametrize(
    "record",
    [
        Record("a"),
        Record("b", {"t": 'x\n"\u2028\udfff'}, Path("dir/p q.svg"), "pt-BR", "\0b"),
        Record("c", {"t": ""}, label="", choices=("", "y"), answer=0, score=0.1),
        Record("d", spans=((0, 3), (2, 9)), words=("a",), tags=("N",), score=0.0),
    ],
)
def test_records_are_read_back_as_they_were(record: Record) -> None:
    line = line_of(record)
    assert "\n" not in line
    assert record_of(line) == record


# The step


def made(step: Step, store: Store) -> Step:
    making.make_step(step, Workplace(store))
    return step


APERTIUM = TranslationSettings(engine="apertium", to=("es", "ca"))


def test_the_step_writes_english_then_each_language(fake: Any, tmp_path: Path) -> None:
    fake()
    records = [
        question("1", "in Oslo.", "Oslo"),
        Record("2", {"question": "¿Qué?", "passage": "en casa"}, language="es"),
        question("3", "It is \ufdd0 here.", "here"),
    ]
    store = Store(tmp_path / "store")
    step = made(translate_step(task_of(records, QUESTION), APERTIUM), store)
    records_read = translated_records(step, store)
    assert [(r.id, r.language, r.group) for r in records_read] == [
        ("1", "en", "\0001"),
        ("2", "es", "\0002"),
        ("3", "en", "\0003"),
        ("1:es", "es", "\0001"),
        ("1:ca", "ca", "\0001"),
    ]
    assert records_read[0] == replace(records[0], group="\0001")
    assert records_read[3].texts == {"question": "WHICH ONE?", "passage": "IN OSLO."}
    assert records_read[3].spans == ((3, 7),)
    reason = "holds the marks of an answer itself"
    assert dropped_counts(step, store) == {f"es: {reason}": 1, f"ca: {reason}": 1}
    assert step.work == 6
    alone = APERTIUM.model_copy(update={"keep_english": False, "limit": 1})
    step = made(translate_step(task_of(records, QUESTION), alone), store)
    assert [r.id for r in translated_records(step, store)] == ["2", "1:es", "1:ca"]


def test_keys_change_with_what_decides_the_records(fake: Any) -> None:
    folder = fake()
    task = task_of([Record("1", {"anchor": "one", "positive": "two"})])
    steps = [
        translate_step(task, APERTIUM),
        translate_step(task, APERTIUM.model_copy(update={"to": ("es",)})),
        translate_step(task, APERTIUM.model_copy(update={"keep_english": False})),
        translate_step(task, APERTIUM.model_copy(update={"limit": 1})),
        translate_step(replace(task, source=replace(task.source, sum="1")), APERTIUM),
        translate_step(replace(task, form=replace(PAIRS, columns={"anchor": "anchor"})), APERTIUM),
    ]
    assert len({step.key for step in steps}) == len(steps)
    assert translate_step(task, APERTIUM).key == steps[0].key
    (folder / "share" / "eng-cat.bin").write_text("other rules")
    assert translate_step(task, APERTIUM).key != steps[0].key


def test_planning_finds_what_is_missing_and_translates_nothing(fake: Any, tmp_path: Path) -> None:
    fake("fails")
    task = task_of([Record("1", {"anchor": "one", "positive": "two"})])
    step = translate_step(task, APERTIUM)
    with pytest.raises(DataError, match="ended with status 1"):
        made(step, Store(tmp_path / "store"))
    fake(pairs=("eng-spa",))
    with pytest.raises(DataError, match="apertium-eng-cat"):
        translate_step(task, APERTIUM)
    with pytest.raises(StudyError, match="no English records"):
        translate_step(replace(task, languages=("fr", "sw")), replace_to("es"))
    with pytest.raises(StudyError, match="no tags"):
        translate_step(task_of([], FormSpec("tagging")), replace_to("es"))


def replace_to(*to: str) -> TranslationSettings:
    return APERTIUM.model_copy(update={"to": to})


def test_an_engine_that_changes_after_planning_is_noticed(fake: Any, tmp_path: Path) -> None:
    folder = fake()
    step = translate_step(task_of([Record("1", {"anchor": "a", "positive": "b"})]), APERTIUM)
    (folder / "share" / "eng-spa.bin").write_text("other rules")
    with pytest.raises(StudyError, match="has changed since the run was planned"):
        made(step, Store(tmp_path / "store"))


def test_nothing_left_in_a_language_is_an_error(fake: Any, tmp_path: Path) -> None:
    fake(change="strip('abcdefghijklmnopqrstuvwxyz')")
    step = translate_step(task_of([Record("1", {"anchor": "a", "positive": "b"})]), APERTIUM)
    with pytest.raises(StudyError, match=r"no record .* in 'es' \(nothing came out: 1\)"):
        made(step, Store(tmp_path / "store"))


@pytest.mark.parametrize("at_once", [100_000, 2])
def test_a_killed_step_goes_on_where_it_was(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Also where records are translated in several parts."""
    monkeypatch.setattr("crosslift.making.translate._RECORDS", at_once)
    monkeypatch.setattr("crosslift.making.translate._CHUNK", 2)
    records = [Record(str(i), {"anchor": f"a{i}", "positive": f"b{i}"}) for i in range(5)]
    task, store = task_of(records), Store(tmp_path / "store")
    fake()
    whole = made(translate_step(task, APERTIUM), Store(tmp_path / "unbroken"))
    step = translate_step(task, APERTIUM)
    real_translate, calls = Apertium.translate, []

    def killed(self: Apertium, texts: Sequence[str], *rest: Any) -> list[str | None]:
        calls.append(list(texts))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real_translate(self, texts, *rest)

    monkeypatch.setattr(Apertium, "translate", killed)
    with pytest.raises(KeyboardInterrupt):
        made(step, store)
    made(step, store)
    assert calls[3] == calls[4]
    assert len(calls) == 11  # five chunks of each language, and the one that was killed
    lines = [
        s.open(t) / "records.jsonl"
        for s, t in ((step, store), (whole, Store(tmp_path / "unbroken")))
    ]
    assert lines[0].read_bytes() == lines[1].read_bytes()


def test_pictures_are_where_the_task_has_them_now(fake: Any, tmp_path: Path) -> None:
    fake()
    form = FormSpec("image-text", {"text": "text"})
    records = [Record(str(i), {"text": f"cat {i}"}, Path(f"old/{i}.png")) for i in range(2)]
    store = Store(tmp_path / "store")
    made(translate_step(task_of(records, form), replace_to("es")), store)
    moved = [replace(r, image=Path(f"new/{r.id}.png")) for r in records]
    step = translate_step(task_of(moved, form), replace_to("es"))
    assert step.exists(store)
    records_read = translated_records(step, store)
    assert [str(r.image) for r in records_read] == ["new/0.png", "new/1.png"] * 2


def test_a_model_translates_in_the_step(model_folders: dict[str, Path], tmp_path: Path) -> None:
    settings = TranslationSettings(engine="seq2seq", model=str(model_folders["nllb"]), to=("es",))
    records = [Record(str(i), {"anchor": s, "positive": s}) for i, s in enumerate(SENTENCES)]
    store = Store(tmp_path / "store")
    with modules_outside_their_code() as outside:
        step = made(translate_step(task_of(records), settings), store)
    assert outside == {"translate": set()}
    records_read = translated_records(step, store)[len(records) :]
    assert [r.texts for r in records_read] == [{"anchor": "gato", "positive": "gato"}] * len(
        records
    )
    moved = shutil.copytree(model_folders["nllb"], tmp_path / "copy")
    same = settings.model_copy(update={"model": str(moved)})
    assert translate_step(task_of(records), same).key == step.key
    more = settings.model_copy(update={"beams": 2})
    assert translate_step(task_of(records), more).key != step.key


# The command line


def test_doctor_tells_the_engines(fake: Any, crosslift: Any, monkeypatch: Any) -> None:
    def translation_check() -> dict[str, Any]:
        checks = crosslift("doctor", "--json", "-").json["checks"]
        return next(c for c in checks if c["what"].startswith("translation"))

    fake(pairs=("eng-spa", "eng-cat_valencia"))
    assert translation_check()["told"] == "seq2seq through transformers; apertium 3.8.3: eng-spa"
    monkeypatch.setenv("PATH", "")
    assert translation_check()["ok"]
    assert (
        "apt-get install apertium apertium-eng-spa apertium-eng-cat" in translation_check()["told"]
    )


def test_the_package_loads_no_torch() -> None:
    code = (
        "import sys, crosslift.sources.translation.translation_settings; "
        "import crosslift.sources.translation.apertium, crosslift.sources.translation.records; "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
