"""The facts of forms agree with their classes."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import TRAINED_FORMS, load_tiny, open_tiny_task, tiny_form

import crosslift.forms
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import StudyError, UnknownNameError
from crosslift.forms.declared_forms import FORMS, PICTURE_FORMS, form_facts, forms_of_vectors
from crosslift.forms.form_facts import FormFacts, PictureFacts
from crosslift.forms.picture_form import PictureForm
from crosslift.tasks.task import FormSpec


def classes_of_forms() -> Iterator[type[Any]]:
    """Every class of `crosslift.forms` that can be opened and has a name in studies."""
    for module in pkgutil.iter_modules(crosslift.forms.__path__):
        loaded = importlib.import_module(f"crosslift.forms.{module.name}")
        for kind in vars(loaded).values():
            is_local = isinstance(kind, type) and kind.__module__ == loaded.__name__
            if is_local and is_dataclass(kind) and hasattr(kind, "open"):
                yield kind


def name_of(kind: type[Any]) -> str:
    return str(next(field.default for field in fields(kind) if field.name == "name"))


# Declarations and classes


def test_every_form_is_declared_and_every_declaration_has_its_form() -> None:
    """Fails if a form has no facts, or facts have no form."""
    classes = {name_of(kind): kind for kind in classes_of_forms()}
    assert classes == {name: facts.form_class() for name, facts in FORMS.items()}
    assert all(facts.name == name for name, facts in FORMS.items())


@pytest.mark.parametrize("name", FORMS)
def test_a_form_states_pictures_where_its_class_has_an_image_tower(name: str) -> None:
    facts: Any = FORMS[name]
    kind = facts.form_class()
    assert issubclass(kind, PictureForm) == (facts.pictures is not None)
    assert ("tower" in facts.options) == (facts.pictures is not None)
    assert (name in PICTURE_FORMS) == (facts.pictures is not None)


@pytest.mark.parametrize("name", PICTURE_FORMS)
def test_a_form_states_a_shared_space_where_its_head_has_one(name: str) -> None:
    """Otherwise, its scores on targets with pictures would be lost, or could not be computed."""
    form = tiny_form(name)
    head = form.head(8, 0, 12) if hasattr(form, "head") else None
    both = [hasattr(head, side) for side in ("text_vectors", "picture_vectors")]
    assert both == [FORMS[name].shares_space] * 2


def test_nothing_about_pictures_is_stated_by_default() -> None:
    with pytest.raises(TypeError, match="shared_space"):
        PictureFacts(title="pictures")  # type: ignore[call-arg]
    facts = {field.name: None for field in fields(FormFacts) if field.name != "pictures"}
    with pytest.raises(TypeError, match="pictures"):
        FormFacts(**facts)  # type: ignore[arg-type]


def test_the_page_on_pictures_has_each_form_with_its_options() -> None:
    page = (Path(__file__).parents[2] / "docs" / "pictures.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    shared = set.intersection(*(set(FORMS[name].options) for name in PICTURE_FORMS))
    for name in PICTURE_FORMS:
        options = set(FORMS[name].options) - shared - {"augmentation"}
        assert not [option for option in options if f"`{option}" not in rows[name]], name
    unlike = [name for name in PICTURE_FORMS if not FORMS[name].shares_space]
    assert f"(all forms except {', '.join(f'`{name}`' for name in unlike)})" in page


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'image-text'"):
        FormSpec("image-txt")
    with pytest.raises(UnknownNameError, match="unknown form 'alike'"):
        form_facts("alike")


def test_facts_are_read_without_torch() -> None:
    code = "import sys, crosslift.forms.declared_forms; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Losses


@pytest.mark.parametrize("name", TRAINED_FORMS)
def test_a_form_reads_of_the_encoder_what_it_states(
    tiny_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    encoder = load_tiny(tiny_folders[TRAINED_FORMS[name]])
    task = open_tiny_task(name, encoder)
    calls: list[str] = []
    for method in ("vectors", "states"):
        monkeypatch.setattr(Encoder, method, _noting(method, getattr(Encoder, method), calls))
    task.loss(np.arange(4), np.random.default_rng(0))
    assert calls[0] == {"vectors": "vectors", "tokens": "states"}[FORMS[name].reads]
    assert (name in forms_of_vectors()) == (calls[0] == "vectors")


def _noting(name: str, method: Any, calls: list[str]) -> Any:
    def noted(*args: Any, **settings: Any) -> Any:
        calls.append(name)
        return method(*args, **settings)

    return noted


LOSSES = [(name, {}) for name in TRAINED_FORMS if name != "image-text-matching"]
LOSSES += [("caption-to-feature", {"loss": "softmax"}), ("text-pairs", {"loss": "triplet"})]
"""Forms and their options; the loss of matching has a part that needs no other record."""


@pytest.mark.parametrize(("name", "options"), LOSSES, ids=str)
def test_one_record_alone_teaches_nothing_where_negatives_are_other_records(
    tiny_folders: dict[str, Path], name: str, options: dict[str, str]
) -> None:
    task = open_tiny_task(name, load_tiny(tiny_folders[TRAINED_FORMS[name]]), **options)
    loss = task.loss(np.array([2]), np.random.default_rng(0)).loss.item()
    assert (abs(loss) < 1e-6) == FormSpec(name, options=options).learns_from_others


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (FormSpec("text-pairs", {"anchor": "a", "positive": "b"}), True),
        (FormSpec("text-pairs", {"anchor": "a", "positive": "b", "negative": "c"}), False),
        (FormSpec("text-pairs", options={"hard_negatives": "string"}), False),
        (FormSpec("text-pairs", options={"hard_negatives": "none"}), True),
        (FormSpec("caption-to-feature"), False),
        (FormSpec("caption-to-feature", options={"loss": "softmax"}), True),
        (FormSpec("classification"), False),
    ],
)
def test_negatives_of_a_record_alone(form: FormSpec, expected: bool) -> None:
    assert form.learns_from_others is expected


# Records


def test_what_a_spec_reads_of_its_columns_and_options() -> None:
    answers = FormSpec("span-qa", {"question": "q", "passage": "p"})
    assert (answers.passage, FormSpec("text-pairs", {"anchor": "passage"}).passage) == ("p", None)
    assert FormSpec("tagging", options={"tags": ("B", "O")}).classes == ("B", "O")
    assert FormSpec("regression").classes == ()
    pairs = FormSpec("text-pairs", {"anchor": "a", "positive": "b"})
    assert (pairs.texts_per_record, FormSpec("masked-lm").texts_per_record) == (2, 1)


def test_records_of_one_form_cannot_be_translated() -> None:
    refused = [name for name, facts in FORMS.items() if facts.untranslatable is not None]
    assert refused == ["bitext-distillation", "tagging"]
    with pytest.raises(StudyError, match="a tagging task cannot be translated: the words of a"):
        FORMS["tagging"].check_translatable()
    FORMS["text-pairs"].check_translatable()
