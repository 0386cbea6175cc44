"""The content of ``run.json``: facts of a study and its run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crosslift.results.arm_facts import ArmFacts, Failure
from crosslift.results.effect_parts import Attribution, Gain, Orientation
from crosslift.results.expected_score import ExpectedScore
from crosslift.results.extension_facts import ExtensionFacts
from crosslift.results.overlap_facts import OverlapFacts
from crosslift.results.partial_run import PartialRun
from crosslift.results.registration_facts import RegistrationFacts
from crosslift.results.result_record import ResultRecord, absent_if
from crosslift.results.step_facts import RunEnvironment, StepFacts
from crosslift.results.target_facts import TargetFacts

RUN_FILE = "run.json"

SCHEMA: Literal[2] = 2
"""Version of the format of run folders."""


class RunFacts(ResultRecord):
    """The content of ``run.json``."""

    schema_version: Annotated[Literal[2], Field(alias="schema")] = SCHEMA
    """Version of the format; readers refuse folders of other versions."""
    study: str
    """Name of the study."""
    question: str
    """Question of the study."""
    registration: RegistrationFacts | None = None
    """The registration of the study; null: it is not registered."""
    partial: PartialRun | None = None
    """The unfinished part of the study; null: the run is complete."""
    created: str
    """Time at which the folder was written, in UTC (ISO 8601)."""
    version: str
    """Version of CrossLift that wrote the folder."""
    baseline: str
    """The baseline of the study."""
    arms: tuple[ArmFacts, ...]
    """The arms of the run, in the order of the study."""
    failed: tuple[Failure, ...] = ()
    """The arms that the run left out."""
    targets: tuple[TargetFacts, ...]
    """The targets, in the order of the study."""
    protocols: dict[str, dict[str, Any]]
    """Id of a protocol -> its facts, and how vectors are read from the encoder (for each start, if they
    differ)."""
    environments: Annotated[tuple[RunEnvironment, ...], Field(min_length=1)]
    """The distinct environments of all steps and of the process that wrote the folder."""
    written_in: int
    """Index in `environments` of the process that wrote the folder."""
    differing: tuple[str, ...]
    """Facts that can change a number and differ between steps."""
    store: str
    """Path of the store."""
    steps: tuple[StepFacts, ...]
    """Every step of the plan."""
    overlap: tuple[OverlapFacts, ...]
    """The overlap between training data and targets."""
    gains: tuple[Gain, ...] = ()
    """The part of each gain that remains against each control that the study defines itself."""
    attributions: tuple[Attribution, ...] = ()
    """The sources of the effects of arms with controls."""
    orientations: tuple[Orientation, ...] = ()
    """How far each reference is from a baseline."""
    expected: tuple[ExpectedScore, ...] = ()
    """The scores that the study predicts, and the measured ones."""
    extensions: Annotated[tuple[ExtensionFacts, ...], absent_if(())] = ()
    """Names in the study that other packages or the user's modules declare; absent: none."""
    checksums: dict[str, str] = Field(default_factory=dict)
    """File name -> SHA-256. Readers refuse a folder with another sum: it is damaged or partly
    replaced."""

    @model_validator(mode="before")
    @classmethod
    def _environment_of_earlier_versions(cls, content: Any) -> Any:
        """An earlier version recorded only the environment of the process that wrote the folder."""
        if not isinstance(content, dict) or "environment" not in content:
            return content
        written = {"facts": content["environment"], "steps": 0, "arms": ()}
        return {"environments": [written], "written_in": 0, "differing": ()} | content

    @model_validator(mode="after")
    def _environments_exist(self) -> RunFacts:
        places = {self.written_in, *(n for step in self.steps for n in step.environments)}
        wrong = sorted(places - set(range(len(self.environments))))
        if wrong:
            raise ValueError(f"environment {wrong[0]} of {len(self.environments)} is named")
        return self
