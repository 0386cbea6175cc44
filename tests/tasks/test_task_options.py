"""Options of forms that a study may change: known without torch, checked, and passed to the form."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import pytest
from dataset_samples import SAMPLES, write_sample

from crosslift.errors import StudyError, UnknownNameError
from crosslift.forms.declared_forms import FORMS
from crosslift.tasks.all_tasks import (
    TASKS,
    check_options,
    find_task,
    legal_options,
    task_names,
)
from crosslift.tasks.own_files import OWN_FILE_TASKS

COLUMNS = {
    *("text", "pair", "anchor", "positive", "negative", "question", "passage", "context"),
    *("english", "translation"),
}
FIXED = {"name", "labels", "tags", "choices", "unanswerable"}
"""Fields of forms that are no options: a dataset or the form itself fixes them."""


def fields_of(form: str) -> dict[str, Any]:
    return {field.name: field for field in fields(cast(Any, FORMS[form].form_class()))}


def test_the_options_are_the_fields_of_the_forms() -> None:
    """Fails if a form gains or loses a field, and its facts do not."""
    options: set[str] = set()
    for form, facts in FORMS.items():
        free = set(fields_of(form)) - COLUMNS - FIXED
        if form == "caption-to-feature":
            free -= {"augmentation"}  # its tower is frozen, and sees the original pictures
        if form == "image-text-matching":
            free -= {"hidden_state"}  # its tokens are those of the encoder's own state
        assert set(facts.options) == free, form
        options |= set(fields_of(form))
    assert options >= COLUMNS | FIXED, "no exception is stale"


@pytest.mark.parametrize("form", FORMS)
def test_the_types_and_defaults_are_those_of_the_form(form: Any) -> None:
    hints = get_type_hints(FORMS[form].form_class())
    for name, option in FORMS[form].options.items():
        kinds = {
            str if get_origin(kind) is Literal else kind
            for kind in (
                get_args(hints[name]) if NoneType in get_args(hints[name]) else (hints[name],)
            )
        }
        one = tuple[option.kind, ...] if option.several else option.kind
        assert kinds == {one, *([NoneType] if option.none else [])}, name
        assert option.accepts(fields_of(form)[name].default), name


def test_the_choices_of_regression_are_those_of_its_form() -> None:
    heads = get_args(get_type_hints(FORMS["regression"].form_class())["head"])
    assert [head for head in heads if FORMS["regression"].options["head"].accepts(head)] == [
        "cosine",
        "pair",
    ]
    assert len(heads) == 2


def test_options_of_several_values_are_lists() -> None:
    options = FORMS["text-pairs"].options
    dimensions, weights = options["matryoshka"], options["matryoshka_weights"]
    assert dimensions.accepts([384, 64])
    assert dimensions.accepts(None)
    assert not any(dimensions.accepts(value) for value in (384, [], [0], [384.0], ["64"], [True]))
    assert dimensions.value([384, 64]) == (384, 64)
    assert weights.value([1, 0.5]) == (1.0, 0.5)
    assert not weights.accepts([1, float("nan")])


def test_legal_options_of_tasks() -> None:
    assert legal_options("masked-lm") == ("language_temperature", "masked_share", "whole_words")
    for name in ("gettext-mlm", "wikipedia-mlm"):
        assert legal_options(name) == legal_options("masked-lm")
    assert legal_options("nli-contrastive") == (
        *("guide", "guide_margin", "hard_negatives", "hidden_state", "loss", "margin"),
        *("margin_scale", "matryoshka", "matryoshka_weights", "one_of_a_group", "temperature"),
    )
    assert legal_options("sts-b") == (
        *("head", "highest", "loss", "lowest", "matryoshka", "matryoshka_weights", "scale"),
    )
    assert legal_options("squad-2.0") == ("longest_answer", "stride")
    assert legal_options("mnli") == ()
    assert all(isinstance(legal_options(name), tuple) for name in task_names())
    with pytest.raises(UnknownNameError, match="did you mean 'gettext-mlm'"):
        legal_options("getext-mlm")


def test_the_table_is_read_without_torch() -> None:
    code = (
        "import sys; from crosslift.tasks.all_tasks import check_options, legal_options;"
        "legal_options('gettext-mlm'); check_options('gettext-mlm', {'whole_words': True});"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_options_reach_the_form() -> None:
    options = {"whole_words": True, "masked_share": 0.2, "language_temperature": 3}
    task = find_task("gettext-mlm", options=options)
    form: Any = task.form.open()
    assert (form.whole_words, form.masked_share) == (True, 0.2)
    assert form.language_temperature == 3.0
    assert isinstance(form.language_temperature, float), "one key, however the number is written"
    assert task.source is TASKS["gettext-mlm"].source
    assert asdict(task.form)["options"] == {**options, "language_temperature": 3.0}
    assert find_task("gettext-mlm", options={}) is TASKS["gettext-mlm"]
    never: Any = find_task("gettext-mlm", options={"language_temperature": None}).form.open()
    assert never.language_temperature is None


def test_options_do_not_touch_what_the_dataset_fixes(tmp_path: Path) -> None:
    grades: Any = find_task("sts-b", options={"head": "pair"}).form.open()
    assert (grades.head, grades.lowest, grades.highest) == ("pair", 0.0, 5.0)
    assert TASKS["sts-b"].form.options["head"] == "cosine"
    folder = write_sample(tmp_path, SAMPLES["squad-2.0"][0].files)
    spans = find_task("squad-2.0", folder, options={"stride": 64})
    assert spans.form.options == {"unanswerable": True, "stride": 64}
    assert len(spans.source.train()) == SAMPLES["squad-2.0"][0].train
    (tmp_path / "pairs.tsv").write_text("anchor\tpositive\na\tb\n")
    pairs: Any = find_task("text-pairs", tmp_path / "pairs.tsv", options={"temperature": 0.07})
    assert pairs.form.open().temperature == 0.07
    assert "temperature" not in OWN_FILE_TASKS["text-pairs"].form.options


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        ("gettext-mlm", {"whole_word": True}, "unknown option of the masked-lm task gettext-mlm"),
        ("gettext-mlm", {"whole_word": True}, r"did you mean 'whole_words'\?"),
        ("gettext-mlm", {"text": "x"}, "one of language_temperature, masked_share, whole_words"),
        ("sts-b", {"lowst": 1.0}, "unknown option of the regression task sts-b 'lowst'"),
        ("picture-name", {"augmentatoin": "none"}, "unknown option of the image-text task"),
    ],
)
def test_unknown_options(task: str, options: dict[str, Any], message: str) -> None:
    for act in (lambda: check_options(task, options), lambda: find_task(task, options=options)):
        with pytest.raises(UnknownNameError, match=message):
            act()


@pytest.mark.parametrize(
    ("task", "name", "value", "expected"),
    [
        ("gettext-mlm", "whole_words", "yes", "true or false"),
        ("gettext-mlm", "whole_words", 1, "true or false"),
        ("gettext-mlm", "whole_words", None, "true or false"),
        ("gettext-mlm", "masked_share", True, "a number above 0 and at most 1"),
        ("gettext-mlm", "masked_share", 0, "a number above 0 and at most 1"),
        ("gettext-mlm", "masked_share", 15, "a number above 0 and at most 1"),
        ("gettext-mlm", "masked_share", "0.2", "a number above 0 and at most 1"),
        ("gettext-mlm", "language_temperature", 0.5, "a number of 1 or more, or null"),
        ("gettext-mlm", "language_temperature", float("inf"), "a number of 1 or more"),
        ("gettext-mlm", "language_temperature", float("nan"), "a number of 1 or more"),
        ("name-alias", "temperature", 0.0, "a number above 0"),
        ("name-alias", "temperature", [0.05], "a number above 0"),
        ("sts-b", "head", "dot", "cosine or pair"),
        ("squad-1.1", "stride", 64.0, "a whole number of 1 or more"),
        ("squad-1.1", "longest_answer", 0, "a whole number of 1 or more"),
    ],
)
def test_values_at_fault(task: str, name: str, value: Any, expected: str) -> None:
    for act in (check_options, lambda task, options: find_task(task, options=options)):
        with pytest.raises(StudyError) as error:
            act(task, {name: value})
        assert f"option {name} of task '{task}' is {value!r}" in str(error.value)
        assert f"Expected: {expected}" in str(error.value)


def test_a_form_without_options() -> None:
    message = "'mnli' is a classification task, which has no options, but `options` names labels"
    with pytest.raises(StudyError, match=message):
        find_task("mnli", options={"labels": ["a", "b"]})
    check_options("mnli", {})


def test_options_are_checked_before_data_are_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown option"):
        find_task("masked-lm", tmp_path / "missing.txt", options={"share": 0.2})
