"""The page with every setting of a study file, generated from the schema."""

from __future__ import annotations

from pathlib import Path

from crosslift.results.documentation import MARK
from crosslift.studies.arms import Arm
from crosslift.studies.documentation import documented_settings, study_documentation
from crosslift.studies.schema import Study
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings


def test_the_page_is_as_the_schema_is() -> None:
    page = Path("docs/study-file.md").read_text(encoding="utf-8")
    _, mark, generated = page.partition(MARK)
    assert mark and generated.strip() == study_documentation().strip(), "run `make docs`"


def test_every_setting_is_described_once() -> None:
    kinds = documented_settings()
    assert len(kinds) == len(set(kinds))
    assert {Study, Arm, StageSettings, MixedTaskSettings} <= set(kinds)
    text = study_documentation()
    for kind in kinds:
        assert text.count(f"## {kind.__name__}\n") == 1
        section = text.partition(f"## {kind.__name__}\n")[2].partition("\n## ")[0]
        for name in kind.model_fields:
            (row,) = [line for line in section.splitlines() if line.startswith(f"| `{name}` |")]
            assert row.rstrip(" |").rpartition("|")[2].strip(), (kind, name)
