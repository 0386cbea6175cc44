"""Settings of targets: each kind reads its settings, and refuses those of other kinds."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from crosslift.errors import StudyError
from crosslift.targets.kinds.every_kind import KINDS
from crosslift.targets.target_settings import TargetSettings

READ = {
    "bitext": {"pairs", "columns", "catalogs"},
    "pictures": {"pairs", "columns", "images"},
    "mining": {"sentences"},
    "judged": {"queries", "pool"},
    "mteb": {"eval_split", "published", "published_models"},
    "labelled": {
        *("split", "examples", "english", "english_task", "english_labels"),
        *("generalised", "fine_tune"),
    },
}
ALL = {"name", "data", "languages", "protocols", "direction", "smallest_effect"}
PROMPTS = {"prompt_src", "prompt_tgt", "prompt_name_src", "prompt_name_tgt"}
VALUES: dict[str, Any] = {
    **dict.fromkeys(("pairs", "sentences", "queries", "examples"), 7),
    **{name: {"a": "b"} for name in ("columns", "english_labels")},
    "published_models": ["org/model"],
    **dict.fromkeys(("catalogs", "images", "english", "published"), "folder"),
    **dict.fromkeys((*sorted(PROMPTS), "english_task", "pool", "eval_split"), "text"),
    **{"split": "dev", "generalised": True, "fine_tune": {"learning_rate": 1e-5}},
}


@pytest.mark.parametrize("kind", READ)
def test_what_each_kind_reads(kind: Any) -> None:
    prompts = PROMPTS if kind in ("bitext", "mining", "judged", "mteb") else set()
    assert set(KINDS[kind].settings.model_fields) == ALL | READ[kind] | prompts


def test_a_study_may_set_what_some_kind_reads() -> None:
    every = set().union(*(kind.settings.model_fields for kind in KINDS.values()))
    assert set(TargetSettings.model_fields) == every == ALL | PROMPTS | set().union(*READ.values())
    assert set(VALUES) == every - ALL


@pytest.mark.parametrize("setting", VALUES)
@pytest.mark.parametrize("kind", READ)
def test_a_setting_of_another_kind_is_refused(kind: Any, setting: str) -> None:
    settings = TargetSettings(name="t", **{setting: VALUES[setting]})
    kind_settings = KINDS[kind].settings
    if setting in kind_settings.model_fields:
        settings.check_read_by(kind_settings)
        return
    with pytest.raises(
        StudyError, match=rf"{setting}.* of target 't', which {kind_settings.does}"
    ) as error:
        settings.check_read_by(kind_settings)
    readers = [
        each.settings.does for each in KINDS.values() if setting in each.settings.model_fields
    ]
    assert f"a target that {' or '.join(readers)}" in str(error.value)


@pytest.mark.parametrize("kind", READ)
def test_settings_at_their_defaults_are_never_refused(kind: Any) -> None:
    plain = TargetSettings(name="t", data="folder", languages=("de",))
    plain.check_read_by(KINDS[kind].settings)
    written = TargetSettings.model_validate(plain.model_dump(mode="json"))
    written.check_read_by(KINDS[kind].settings)


def test_the_error_names_the_setting_that_selects_a_part() -> None:
    with pytest.raises(StudyError, match="`sentences` takes a part of a target that mines pairs"):
        TargetSettings(name="bucc", pairs=9).check_read_by(KINDS["mining"].settings)


@pytest.mark.parametrize(
    ("given", "code"),
    [("deu", "de"), ("German", "de"), ("swh", "sw"), ("deu-zho", "de-zh"), ("pt-BR", "pt-BR")],
)
def test_languages_may_be_given_by_iso_639_3_and_by_name(given: str, code: str) -> None:
    assert TargetSettings(name="gettext", languages=(given,)).languages == (code,)


def test_what_is_no_language_stays_as_it_is() -> None:
    assert TargetSettings(name="gettext", languages=("xx", "qqq", "")).languages == (
        "xx",
        "qqq",
        "",
    )
    with pytest.raises(ValidationError, match="appears twice"):
        TargetSettings(name="gettext", languages=("de", "German"))
