"""What a target task is: data in many languages, a protocol, a primary metric, and facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Literal, Self, TypeVar

from crosslift.errors import UnknownNameError
from crosslift.target_kinds import KindName
from crosslift.targets.protocol import OURS, Direction, Protocol
from crosslift.targets.target_data import TargetData
from crosslift.targets.target_settings import AnyTargetSettings

SettingsT = TypeVar("SettingsT", bound=AnyTargetSettings)
DataT = TypeVar("DataT", bound=TargetData, covariant=True)


@dataclass(frozen=True, slots=True)
class Target(Generic[SettingsT, DataT]):
    """What is measured. `crosslift.targets.kinds` has a class for each kind. These class attributes
    hold for all targets of a kind:

    - ``kind``: its name, in lists and results.
    - ``settings``: the settings that it reads.
    - ``outcome_unit``: what an outcome belongs to, in a word.
    - ``fine_tuned``: an encoder is fine-tuned on English examples before it answers.
    - ``encodes_while_scored``: which texts are encoded follows from the scoring, whose step encodes
      them; otherwise, all texts are encoded first.
    - ``ranks_passages``: queries search passages, so that an arm's ranking can be written as a run.
    - ``encoder_alone``: an encoder alone can be measured (see `check_encoder_alone`).
    - ``postprocessed``: post-processing of vectors and scores applies to it.
    - ``shows_gains``: gains of arms show on it, whatever its texts are.
    - ``one_language``: a query and its answers are in the same language.
    - ``clean``: whether scores without items that overlap training texts are shown: always, never, or
      only if such items exist.

    Args:
        name: as written in a study.
        title: a word or two, for the report.
        description: one line, for lists.
        metric: primary metric.
        load: reads the data.
        licence: licence of the data.
        citation: source of the data.
        protocols: ours, the primary one first.
        others: protocols of other projects, which are used on request.
        languages: BCP-47 codes that it measures by default; None: all in the data.
        needs_data: whether the user must give `data`.
        photographs: name of the published set that its photographs are from (``imagenet-1k``), to check
            whether an image tower was trained on that set; None: no set that towers are trained on, or
            unknown.
        texts: what its texts are: words (names, too), or sentences (captions, too). Reports compare the
            gains of arms on words and pictures with their losses on sentences.
    """

    kind: ClassVar[KindName]
    settings: ClassVar[type[AnyTargetSettings]]
    outcome_unit: ClassVar[str] = "query"
    fine_tuned: ClassVar[bool] = False
    encodes_while_scored: ClassVar[bool] = False
    ranks_passages: ClassVar[bool] = False
    encoder_alone: ClassVar[bool] = True
    postprocessed: ClassVar[bool] = False
    shows_gains: ClassVar[bool] = False
    one_language: ClassVar[bool] = False
    clean: ClassVar[Literal["always", "never", "where there are"]] = "always"

    name: str
    title: str
    description: str
    metric: str
    load: Callable[[SettingsT], DataT]
    licence: str
    citation: str
    protocols: tuple[Protocol, ...]
    others: tuple[Protocol, ...] = ()
    languages: tuple[str, ...] | None = None
    needs_data: bool = False
    photographs: str | None = None
    texts: Literal["words", "sentences"] = "sentences"

    def protocols_for(self, names: Sequence[str]) -> tuple[Protocol, ...]:
        """Our protocols, and those of other projects with these names.

        Args:
            names: names of protocols, or ``all``.

        Raises:
            UnknownNameError: the target has no protocol with a name.
        """
        legal = dict.fromkeys([p.name for p in (*self.protocols, *self.others)])
        for name in names:
            if name not in legal and name not in ("all", OURS):
                raise UnknownNameError(f"protocol of {self.name}", name, [*legal, "all"])
        chosen = [p for p in self.others if "all" in names or p.name in names]
        return (*self.protocols, *chosen)

    def with_direction(self, direction: Direction | None) -> Self:
        """The target with verdicts of a direction: our protocol with the direction comes first.

        Args:
            direction: from queries to candidates; for pairs of texts, also ``both``. None: returns the
                target unchanged.

        Raises:
            UnknownNameError: none of our protocols of the target has the direction.
        """
        if direction is None:
            return self
        legal = {protocol.direction: protocol for protocol in self.verdict_protocols()}
        if direction not in legal:
            raise UnknownNameError(f"direction of {self.name}", direction, legal)
        first = legal[direction]
        others = (protocol for protocol in self.protocols if protocol != first)
        return replace(self, protocols=(first, *others))

    def verdict_protocols(self) -> tuple[Protocol, ...]:
        """The protocols whose scores verdicts can use."""
        return self.protocols

    def check_encoder_alone(self, encoder: str) -> None:
        """Raises if the target cannot measure an encoder alone.

        Args:
            encoder: its name, for errors.

        Raises:
            StudyError: the target needs more than an encoder.
        """
