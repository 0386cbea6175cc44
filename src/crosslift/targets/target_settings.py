"""The settings of a target: those that every kind reads, and those of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from crosslift.artifacts.field_checks import EachOnce
from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.errors import DataError, StudyError
from crosslift.languages import LanguageCode
from crosslift.sources.file_names import exists
from crosslift.sources.python_data import data_setting
from crosslift.targets.protocol import OURS, Direction
from crosslift.training.fine_tune_settings import FineTuneSettings

SmallestEffect = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _as_tuple(value: Any) -> Any:
    """A list of one for a single name."""
    return (value,) if isinstance(value, str) else value


_READS_TABLE = "text-pairs"
"""The only target whose pairs by language are a table; of others, they are texts and their English."""


def _data_of_target(value: Any, info: ValidationInfo) -> Any:
    return data_setting(value, bitexts=info.data.get("name") != _READS_TABLE)


class AnyTargetSettings(BaseModel):
    """Settings of every kind of target.

    Each kind says in words what it ``does``, and which setting selects a ``part`` of its data.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    does: ClassVar[str]
    part: ClassVar[str]

    name: str
    """Name of a target (`crosslift targets` lists them)."""
    data: Annotated[Path | None, BeforeValidator(_data_of_target)] = None
    """Folder of the data, for targets without embedded data."""
    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1), EachOnce] | None = None
    """BCP-47 codes; codes of ISO 639-3 and English names are accepted too. None: all that the target
    lists or the data holds."""
    protocols: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)] = (OURS,)
    """Names of protocols (`crosslift targets --json -` lists them), or `all`. Ours comes first."""
    direction: Direction | None = None
    """Direction of our protocol that verdicts use; for pairs of texts, also ``both``: the mean of the
    two directions, pair by pair. None: the target's first."""

    smallest_effect: SmallestEffect | None = None
    """The smallest difference that matters on this target, in points, or in the unit of its metric."""

    def needed_data(self, files: str) -> Path:
        """The data that the user must give for a target.

        Args:
            files: the expected files, for errors.

        Raises:
            DataError: the settings name no data, or the data do not exist.
        """
        if self.data is None:
            raise DataError(
                f"target {self.name!r} has no data",
                f"`--data DIR` (in a study: `data: DIR`) with {files}",
            )
        if not exists(self.data):
            raise DataError(f"{self.data} is not a folder or a file", files)
        return self.data


class PairSettings(AnyTargetSettings):
    """Settings of bitexts and of pictures with texts."""

    pairs: Annotated[int, Field(ge=2)] | None = None
    """Number of pairs of each language (bitexts) or of pictures, from the first; None: all. With
    fewer candidates, scores are higher: compare them only with scores of the same number."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Role (`image`, `text`, `id`, `language`) -> column, for a table of captioned pictures."""


class BitextSettings(SidePrompts, PairSettings):
    """Settings of bitexts.

    ``src`` texts are in the other language and ``tgt`` texts in English; in a pair such as ``de-zh``,
    they are in the first and the second language. Protocols of other projects that set a prompt keep
    it.
    """

    does: ClassVar[str] = "has bitexts"
    part: ClassVar[str] = "pairs"

    catalogs: Path | None = None
    """gettext catalogs of a project; None: the embedded ones."""


class PictureSettings(PairSettings):
    """Settings of pictures with texts."""

    does: ClassVar[str] = "has pictures"
    part: ClassVar[str] = "pairs"

    images: Path | None = None
    """Folder of the pictures, if it is not in the data; None: `images` in `data`, or `data`."""


class MiningTargetSettings(SidePrompts, AnyTargetSettings):
    """Settings of targets whose pairs are mined; ``src`` texts are in the other language."""

    does: ClassVar[str] = "mines pairs"
    part: ClassVar[str] = "sentences"

    sentences: Annotated[int, Field(ge=2)] | None = None
    """Number of sentences of each side of every split, for mining: those of gold pairs first,
    then in the files' order; None: all. In a smaller pool, scores are higher: compare them only
    with scores of the same number."""


class GradedSettings(PairSettings):
    """Settings of graded pairs."""

    does: ClassVar[str] = "has graded pairs"
    part: ClassVar[str] = "pairs"


class JudgedSettings(SidePrompts, AnyTargetSettings):
    """Settings of retrieval with judgements.

    ``src`` texts are the queries, ``tgt`` texts the passages.
    """

    does: ClassVar[str] = "has judgements"
    part: ClassVar[str] = "queries"

    queries: Annotated[int, Field(ge=2)] | None = None
    """Number of queries of each language, from the first; None: all. All passages stay candidates."""
    pool: LanguageCode | None = None
    """The passages that queries search: ``own`` (those in the language of the query), ``mixed`` (those
    of all languages together), or the code of a language. None: as the data have them."""


class MtebSettings(SidePrompts, AnyTargetSettings):
    """Settings of tasks of MTEB.

    ``src`` texts are what MTEB calls queries, ``tgt`` texts what it calls documents; a task without
    these two reads every text with the prompt of the encoder. `data` is a local copy of the repository
    of the task's dataset; None: `mteb` loads it from the hub.
    """

    does: ClassVar[str] = "is a task of MTEB"
    part: ClassVar[str] = "eval_split"

    eval_split: str | None = None
    """The split of a task of MTEB that is scored, as MTEB names it. None: `test`, or the task's
    first."""
    published: Path | None = None
    """Folder of MTEB's result files (such as a copy of the repository embeddings-benchmark/results):
    reports show the scores of their models on the task beside those of the arms."""
    published_models: Annotated[tuple[str, ...], Field(min_length=1), EachOnce] | None = None
    """Names of these models, such as `intfloat/multilingual-e5-small`. None: all that have a result."""


class LabelledSettings(AnyTargetSettings):
    """Settings of labelled examples."""

    does: ClassVar[str] = "has labelled examples"
    part: ClassVar[str] = "examples"

    split: Literal["dev", "test"] | None = None
    """Split of labelled examples to score. None: test if it exists with labels, else dev. Model
    selection of phase three never uses scored examples."""
    examples: Annotated[int, Field(ge=2)] | None = None
    """Number of labelled examples of each language, from the first; None: all."""
    english: Path | None = None
    """Folder of the English training set, of labelled examples, if it is not in `data` (MNLI of XNLI,
    SQuAD 1.1 of XQuAD and MLQA)."""
    english_task: str | None = None
    """Another English task instead of the target's own training set, such as `snli-cad` for XNLI, read
    from `english`; it must have the target's form and, after `english_labels`, its labels."""
    english_labels: dict[str, str] = Field(default_factory=dict)
    """Label of that task -> label of the target, if they differ."""
    generalised: bool = False
    """Also scores pairs whose two texts are in different languages, every language with every other
    (generalised cross-lingual transfer); for XNLI and PAWS-X."""
    fine_tune: FineTuneSettings | None = None
    """Phase three for labelled examples; None: as in the study."""


_KINDS: tuple[type[AnyTargetSettings], ...] = (
    BitextSettings,
    PictureSettings,
    MiningTargetSettings,
    GradedSettings,
    JudgedSettings,
    MtebSettings,
    LabelledSettings,
)


class TargetSettings(
    BitextSettings,
    PictureSettings,
    MiningTargetSettings,
    GradedSettings,
    JudgedSettings,
    MtebSettings,
    LabelledSettings,
):
    """A target as a study or a command requests it, before its kind is known.

    Only bitexts, mining, retrieval with judgements and tasks of MTEB have a prompt for each side.
    """

    def check_read_by(self, kind: type[AnyTargetSettings]) -> None:
        """Raises if these settings include one that a kind of target does not read.

        Args:
            kind: settings of that kind.

        Raises:
            StudyError: it names the first such setting, or all such prompts.
        """
        unread = [name for name in self._changed() if name not in kind.model_fields]
        if not unread:
            return
        prompts = [name for name in unread if name in SidePrompts.model_fields]
        name = unread[0]
        what = f"`{name}: {getattr(self, name)}`" if name not in prompts else ", ".join(prompts)
        readers = [each.does for each in _KINDS if name in each.model_fields]
        raise StudyError(
            f"{what} of target {self.name!r}, which {kind.does}",
            f"a target that {' or '.join(readers)}",
            _instead_of(name, kind),
        )

    def _changed(self) -> Sequence[str]:
        """Names of the settings that are not at their defaults, in the order of the fields."""
        return [
            name
            for name, field in type(self).model_fields.items()
            if not field.is_required()
            and getattr(self, name) != field.get_default(call_default_factory=True)
        ]


def _instead_of(name: str, kind: type[AnyTargetSettings]) -> str:
    """The remedy if a kind does not read a setting."""
    if name in SidePrompts.model_fields:
        return "`prompt` of the encoder is put before every text"
    if name in {each.part for each in _KINDS}:
        return f"`{kind.part}` takes a part of a target that {kind.does}"
    return f"delete `{name}`"
