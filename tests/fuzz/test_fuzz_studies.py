"""Study files and study mappings: a study, or the errors of a study."""

from __future__ import annotations

import copy
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

from fuzz_settings import FUZZ
from hypothesis import example, given
from hypothesis import strategies as st

from crosslift.artifacts.parse import parse_yaml
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import DataError, StudyError
from crosslift.studies.arms import Arm, Start
from crosslift.studies.choose_settings import ChooseSettings
from crosslift.studies.questions import Comparison, Expected
from crosslift.studies.reading import parse_study, study_of
from crosslift.studies.schema import Study
from crosslift.targets.target_settings import TargetSettings
from crosslift.training.budget import Budget
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

SMALL = """
name: small
question: Does it help?
seeds: [1, 2]
starts:
  plain: {encoder: {name: embedded, pooling: mean, hidden_state: 3}}
  mlm: &mlm {encoder: embedded, stages: [{task: gettext-mlm, budget: {tokens: 9}}]}
start: plain
budget: {updates: 2, batch_size: 4}
fine_tune: {budget: {examples: 2}, limit: 3}
controls: [placebo-labels]
arms:
  baseline: {}
  text:
    start: mlm
    interpolate: [0.5]
    stages:
      - {task: name-alias, lora: {rank: 2}, dropout: 0.5, options: {loss: triplet}}
      - tasks: [{task: name-alias, weight: {0: 1, 1: 0.5}}, {task: mnli, weight: {0: 0, 1: 0.5}}]
        robust: {adversarial: {radius: 0.1}, data_augmentation: {synonyms: wordnet}}
        distillation: {task: gettext-mlm, texts: 5}
  pairs: {stages: [{task: text-pairs, data: p.tsv, translate: {engine: apertium, to: [es]}}]}
targets: [names, {name: gettext, languages: [de, sw]}, {name: bitext, data: pairs, pairs: 9}]
sweep: {target: names, poolings: [mean], prompts: [""]}
comparisons:
  - {arm: pairs, against: text, targets: [names]}
"""
SHIPPED = [*(p.read_text(encoding="utf-8") for p in sorted(Path("studies").glob("*.yaml")))]
MAPPINGS = [parse_yaml(text, "shipped").value for text in (SMALL, *SHIPPED)]
PIECES = st.sampled_from(
    [
        *("&a ", "*a", "<<: ", "- ", ": ", "? ", "| ", "> ", "\n", "\n  ", "{", "}", "[", "]", ","),
        *("!!python/object:os.system ", "!!set ", "!<x> ", "%YAML 1.1\n", "---\n", "...\n", "#"),
        *('"\\ud800"', '"\\U00110000"', "2024-02-30", "no", "9" * 4301, "1e999", ".inf", "0x", "~"),
        *(
            "a",
            "name: x\n",
            "arms: ",
            "seeds: [1, 1]\n",
            "\t",
            "\x85",
            "\u2028",
            "\ufeff",
            "'",
            "@",
        ),
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A study, cut, with pieces put in or its parts repeated."""
    text = SMALL
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 200)))
        middle = draw(st.one_of(PIECES, st.text(max_size=5), st.just(text[start:end] * 2)))
        text = text[:start] + middle + text[end:]
    return text


def whole(study: Any) -> None:
    """Nothing of the value is odd enough to break what writes it."""
    str(study).encode()


@FUZZ
@given(st.one_of(st.binary(), st.text(), st.lists(PIECES).map("".join)))
@example("[" * 50_000)
@example("a: &a [*a]")
@example("&a\n- &b\n- *a\n- *b")
def test_any_text_is_a_yaml_value_or_a_data_error(text: str | bytes) -> None:
    with suppress(DataError):
        str(parse_yaml(text, "fuzz").value).encode()


@FUZZ
@given(st.one_of(damaged(), st.lists(PIECES).map("".join)))
def test_any_text_is_a_study_or_a_study_error(text: str) -> None:
    with suppress(StudyError):
        whole(parse_study(text, folder=Path("folder")))


ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([math.inf, -1, 2**70, 10**400, 1e308, "", "a", "baseline", "all", "\ud800"]),
    st.sampled_from(["~nouser/x", "\0", "x" * 300, "cldr:~nouser/y", "names", "auto", "5", "no"]),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
    st.lists(st.one_of(st.integers(0, 2), st.text(max_size=2), st.none()), max_size=3),
    st.dictionaries(
        st.one_of(st.text(max_size=2), st.integers(), st.floats(), st.none(), st.booleans()),
        st.one_of(st.integers(), st.lists(st.none(), max_size=1)),
        max_size=2,
    ),
    st.just([[], {}]),
    st.just({"name": []}),
    st.just({"task": {}, "options": {"x": []}}),
    st.just([{"name": ["tatoeba"]}, {"task": ["mnli"]}]),
)
FIELDS = sorted(
    {
        name
        for kind in (
            *(
                Study,
                Arm,
                Start,
                Comparison,
                Expected,
                ChooseSettings,
                SweepSettings,
                TargetSettings,
            ),
            *(Budget, StageSettings, MixedTaskSettings),
        )
        for name in kind.model_fields
    }
    | {"lora", "adversarial", "radius", "codes", "engine", "to", "modules", "patience"}
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a nested value that can be replaced."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path]
    for key, each in inner:
        found.append((*path, key))
        if isinstance(each, (dict, list)):
            found += places(each, (*path, key))[1:] + [(*path, key, name) for name in ("0", "x")]
    return found


@st.composite
def odd_studies(draw: st.DrawFn) -> dict[Any, Any]:
    """The mapping of a study with odd values at some places, and odd settings more."""
    raw = copy.deepcopy(draw(st.sampled_from(MAPPINGS)))
    for _ in range(draw(st.integers(1, 3))):
        owner: Any = raw
        path = draw(st.sampled_from(places(raw)))
        with suppress(KeyError, IndexError, TypeError):
            for key in path[:-1]:
                owner = owner[key]
            key = path[-1] if path and draw(st.booleans()) else draw(st.sampled_from(FIELDS))
            owner[key] = copy.deepcopy(draw(ODD))
    return raw


def test_the_studies_that_are_damaged_are_valid() -> None:
    for raw in MAPPINGS:
        whole(study_of(raw))


@FUZZ
@given(odd_studies())
def test_any_mapping_is_a_study_or_a_study_error(raw: dict[Any, Any]) -> None:
    with suppress(StudyError):
        whole(study_of(raw).model_dump_json())
