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
    """What is measured. `crosslift.targets.kinds` has a class for each kind, which says what is true
    of all targets of the kind:

    - ``kind``: its name, in lists and results.
    - ``settings``: the settings that it reads.
    - ``asks``: what its outcomes are of, in a word.
    - ``fine_tuned``: an encoder is fine-tuned on English examples before it answers.
    - ``postprocessed``: post-processing of vectors and scores applies to it.
    - ``shows_gains``: what arms gain shows on it, whatever its texts are.
    - ``one_language``: a query and its answers are in the same language.
    - ``clean``: whether scores without what overlaps training texts are shown: always, never, or
      where there are such items.

    Args:
        name: as it is written in a study.
        title: a word or two, for the report.
        description: one line, for lists.
        metric: the primary one.
        load: reads the data.
        licence: of the data.
        citation: where it comes from.
        protocols: ours, the primary one first.
        others: definitions of other projects, for those who ask.
        languages: BCP-47 codes it measures when none are asked for; None: all in the data.
        needs_data: whether it needs `data` (it does not bring its own).
        photographs: name of the published set that its photographs are from (``imagenet-1k``), for
            those who must know whether an image tower was trained on that set; None: of no set that
            towers are trained on, or not known.
        texts: what its texts are: words (names, too), or sentences (captions, too). Reports set what
            arms gain on words and pictures against what they lose on sentences.
    """

    kind: ClassVar[KindName]
    settings: ClassVar[type[AnyTargetSettings]]
    asks: ClassVar[str] = "query"
    fine_tuned: ClassVar[bool] = False
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

    def asked(self, names: Sequence[str]) -> tuple[Protocol, ...]:
        """Ours, and the other projects' protocols of these names.

        Args:
            names: of protocols, or ``all``.

        Raises:
            UnknownNameError: the target has no protocol of a name.
        """
        legal = dict.fromkeys([p.name for p in (*self.protocols, *self.others)])
        for name in names:
            if name not in legal and name not in ("all", OURS):
                raise UnknownNameError(f"protocol of {self.name}", name, [*legal, "all"])
        chosen = [p for p in self.others if "all" in names or p.name in names]
        return (*self.protocols, *chosen)

    def asking(self, direction: Direction | None) -> Self:
        """The target whose verdicts are of a direction: our protocol of it comes first.

        Args:
            direction: which side asks, or ``both``, of pairs of texts; None: the target as it is.

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
        """The protocols that verdicts can be of."""
        return self.protocols

    def check_encoder_alone(self, encoder: str) -> None:
        """Raises where an encoder cannot be measured on the target as it is.

        Args:
            encoder: its name, for errors.

        Raises:
            StudyError: the target needs more than an encoder.
        """
