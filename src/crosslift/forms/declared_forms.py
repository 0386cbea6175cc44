"""The facts of all forms, one declaration each (see `FormFacts`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crosslift.errors import UnknownNameError
from crosslift.extensions.registry import Registry
from crosslift.forms.form_facts import FormFacts, PictureFacts
from crosslift.forms.guesses import (
    COMMONEST_CLASS,
    COMMONEST_PLACE,
    COMMONEST_TAG,
    NO_CORRELATION,
)
from crosslift.forms.placebos import (
    answer_at_random,
    label_of_another,
    positive_of_another,
    score_of_another,
    spans_moved,
    tags_shuffled,
)
from crosslift.forms.study_options import (
    ABOVE_0,
    ABOVE_0_OR_NONE,
    COUNT,
    ENCODER,
    FLAG,
    MATRYOSHKA,
    NOT_NEGATIVE,
    NOT_NEGATIVE_OR_NONE,
    NUMBER,
    SHARE,
    Option,
    one_of,
)

# Options of several forms

_TOWER = {
    "tower": Option(str, "embedded, convolutional, a folder, a hub name, or timm:NAME", bool),
    "tower_revision": Option(str, "a commit, tag or branch, or null", bool, none=True),
    "tower_weights": one_of("published", "random"),
    "tower_side": one_of("trainable", "frozen", none=True),
    "picture_size": Option(
        int, "a whole number of 8 or more, in pixels, or null", lambda value: value >= 8, none=True
    ),
}
_TRAINED_TOWER = {**_TOWER, "augmentation": one_of("drawing", "photo", "none")}
"""Options of the forms that can train their tower on augmented pictures."""
_HIDDEN_STATE = Option(
    int, "a whole number of 0 or more, or null", lambda value: value >= 0, none=True
)
_GUIDE_OF_CAPTIONS = {"guide": ENCODER, "guide_margin": NOT_NEGATIVE_OR_NONE}
_MASKS = {"masked_share": SHARE, "whole_words": FLAG}


# Whether a record's only negatives are the other records of its part of a batch


def _always(columns: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    del columns, options
    return True


def _never(columns: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    del columns, options
    return False


def _with_softmax(columns: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    del columns
    return options.get("loss") == "softmax"


def _without_hard_negatives(columns: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    hard_negatives = options.get("hard_negatives", "none") != "none"
    return not hard_negatives and set(columns) <= {"anchor", "positive"}


# Forms whose records have pictures

_IMAGE_TEXT = FormFacts(
    name="image-text",
    class_name="ImageText",
    pictures=PictureFacts(
        title="pictures and captions drawn together (CLIP's softmax, or SigLIP's sigmoid)",
        shared_space=True,
    ),
    reads="vectors",
    shares_batch=True,
    labelled=True,
    texts_per_record=None,
    learns_from_others=_always,
    placebo=None,
    untranslatable=None,
    options={
        **_TRAINED_TOWER,
        "loss": one_of("softmax", "sigmoid"),
        "first_temperature": ABOVE_0_OR_NONE,
        "hidden_state": _HIDDEN_STATE,
        **_GUIDE_OF_CAPTIONS,
        **MATRYOSHKA,
    },
    encoders={"guide": ("text",)},
)

_IMAGE_TEXT_MATCHING = FormFacts(
    name="image-text-matching",
    class_name="ImageTextMatching",
    pictures=PictureFacts(
        title="whether a caption belongs to a picture, with hard negatives", shared_space=True
    ),
    reads="tokens",
    shares_batch=True,
    labelled=True,
    texts_per_record=2.0,
    learns_from_others=_always,
    placebo=None,
    untranslatable=None,
    options={
        **_TRAINED_TOWER,
        "loss": one_of("softmax"),
        "matching_weight": ABOVE_0,
        "first_temperature": ABOVE_0_OR_NONE,
        **_GUIDE_OF_CAPTIONS,
        **MATRYOSHKA,
    },
    encoders={"guide": ("text",)},
)

_IMAGE_MASKED_LM = FormFacts(
    name="image-masked-lm",
    class_name="ImageMaskedLM",
    pictures=PictureFacts(title="masked LM on captions that see their picture", shared_space=False),
    reads="tokens",
    shares_batch=True,
    labelled=True,
    texts_per_record=None,
    learns_from_others=_never,
    placebo=None,
    untranslatable=None,
    options={**_TRAINED_TOWER, **_MASKS},
)

_CAPTION_TO_FEATURE = FormFacts(
    name="caption-to-feature",
    class_name="CaptionToFeature",
    pictures=PictureFacts(
        title="captions drawn to the vectors of a frozen image tower or CLIP text tower",
        shared_space=True,
    ),
    reads="vectors",
    shares_batch=True,
    labelled=True,
    texts_per_record=None,
    learns_from_others=_with_softmax,
    placebo=None,
    untranslatable=None,
    options={
        **_TOWER,
        "teacher": one_of("pictures", "captions"),
        "loss": one_of("cosine", "mse", "softmax"),
        "shared_space": FLAG,
    },
)

# Forms of texts alone

_BITEXT_DISTILLATION = FormFacts(
    name="bitext-distillation",
    class_name="BitextDistillation",
    pictures=None,
    reads="vectors",
    shares_batch=True,
    has_sides=True,
    labelled=True,
    texts_per_record=None,
    learns_from_others=_never,
    placebo=None,
    untranslatable="its records are translations already",
    options={"teacher": ENCODER, **MATRYOSHKA},
    encoders={"teacher": ("english",)},
)

_CLASSIFICATION = FormFacts(
    name="classification",
    class_name="Classification",
    pictures=None,
    reads="vectors",
    shares_batch=True,
    labelled=True,
    texts_per_record=3.0,
    learns_from_others=_never,
    placebo=label_of_another,
    untranslatable=None,
    guess=COMMONEST_CLASS,
    class_option="labels",
)

_MASKED_LM = FormFacts(
    name="masked-lm",
    class_name="MaskedLM",
    pictures=None,
    reads="tokens",
    shares_batch=True,
    labelled=False,
    texts_per_record=None,
    learns_from_others=_never,
    placebo=None,
    untranslatable=None,
    options={
        **_MASKS,
        "language_temperature": Option(
            float, "a number of 1 or more, or null", lambda value: value >= 1, none=True
        ),
    },
)

_MULTIPLE_CHOICE = FormFacts(
    name="multiple-choice",
    class_name="MultipleChoice",
    pictures=None,
    reads="vectors",
    shares_batch=True,
    labelled=True,
    texts_per_record=16.0,
    learns_from_others=_never,
    placebo=answer_at_random,
    untranslatable=None,
    guess=COMMONEST_PLACE,
)

_REGRESSION = FormFacts(
    name="regression",
    class_name="Regression",
    pictures=None,
    reads="vectors",
    shares_batch=True,
    labelled=True,
    texts_per_record=None,
    learns_from_others=_never,
    placebo=score_of_another,
    untranslatable=None,
    guess=NO_CORRELATION,
    options={
        "head": one_of("cosine", "pair"),
        "loss": one_of("mse", "cosent"),
        "scale": ABOVE_0,
        "lowest": NUMBER,
        "highest": NUMBER,
        **MATRYOSHKA,
    },
)

_SPAN_QA = FormFacts(
    name="span-qa",
    class_name="SpanQA",
    pictures=None,
    reads="tokens",
    shares_batch=True,
    labelled=True,
    texts_per_record=12.0,
    learns_from_others=_never,
    placebo=spans_moved,
    untranslatable=None,
    passage="passage",
    options={"stride": COUNT, "longest_answer": COUNT},
)

_TAGGING = FormFacts(
    name="tagging",
    class_name="Tagging",
    pictures=None,
    reads="tokens",
    shares_batch=True,
    labelled=True,
    texts_per_record=3.0,
    learns_from_others=_never,
    placebo=tags_shuffled,
    untranslatable="the words of a translation have no tags",
    guess=COMMONEST_TAG,
    class_option="tags",
)

_TEXT_PAIRS = FormFacts(
    name="text-pairs",
    class_name="TextPairs",
    pictures=None,
    reads="vectors",
    shares_batch=True,
    has_sides=True,
    labelled=True,
    texts_per_record=None,
    learns_from_others=_without_hard_negatives,
    placebo=positive_of_another,
    untranslatable=None,
    options={
        "loss": one_of("softmax", "triplet", "margin-mse"),
        "temperature": ABOVE_0,
        "margin": ABOVE_0,
        "margin_scale": ABOVE_0,
        "guide": ENCODER,
        "guide_margin": NOT_NEGATIVE,
        "hidden_state": _HIDDEN_STATE,
        "hard_negatives": one_of("none", "string", "embedding"),
        "one_of_a_group": FLAG,
        **MATRYOSHKA,
    },
    encoders={"guide": ("anchor", "positive", "negative")},
)

FORMS: Registry[FormFacts] = Registry(
    "form",
    FormFacts,
    (
        _IMAGE_TEXT,
        _IMAGE_TEXT_MATCHING,
        _IMAGE_MASKED_LM,
        _CAPTION_TO_FEATURE,
        _BITEXT_DISTILLATION,
        _CLASSIFICATION,
        _MASKED_LM,
        _MULTIPLE_CHOICE,
        _REGRESSION,
        _SPAN_QA,
        _TAGGING,
        _TEXT_PAIRS,
    ),
)
"""Every form by its name."""

PICTURE_FORMS = tuple(name for name, facts in FORMS.ours.items() if facts.pictures is not None)
"""Names of our forms whose records have pictures: each is the name of a task on captioned pictures."""


def form_facts(name: str) -> FormFacts:
    """The facts of a form.

    Raises:
        UnknownNameError: there is no form with that name.
    """
    if name not in FORMS:
        raise UnknownNameError("form", name, FORMS)
    return FORMS[name]


def trains_on_captions(forms: Collection[str]) -> bool:
    """Whether tasks of these forms, by name, train only on captions of pictures."""
    return bool(forms) and all(form in FORMS and FORMS[form].pictures for form in forms)


def forms_with_sides() -> list[str]:
    """Names of the forms whose texts have two sides, in alphabetical order."""
    return sorted(name for name, facts in FORMS.items() if facts.has_sides)


def forms_of_vectors() -> list[str]:
    """Names of the forms whose loss reads pooled vectors, in alphabetical order."""
    return sorted(name for name, facts in FORMS.items() if facts.reads == "vectors")
