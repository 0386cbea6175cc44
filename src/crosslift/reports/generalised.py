"""Two languages at once: an arm on pairs of texts in every two languages, as heat matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crosslift.errors import DataError
from crosslift.reports.heat import LEAST_SPAN, HeatCell, change_shade, score_shade
from crosslift.reports.language_names import name_of
from crosslift.reports.xtreme_behind import change_words
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.language_pairs import GENERALISED_FILE, LanguagePairScores
from crosslift.results.result_record import RUN_AGAIN, read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.wording import percent, plural, signed_points

Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True)
class PairLanguage:
    """A language of a matrix."""

    code: str
    name: str


@dataclass(frozen=True)
class MatrixRow:
    """The language of the first text, with a cell for each language of the second."""

    language: PairLanguage
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class PairMatrix:
    """A heat matrix: scores of a baseline, or the difference of an arm to its baseline.

    Args:
        arm: the arm of the matrix.
        against: the baseline of the difference; empty for scores.
        rows: one row for each language of the first text.
        low: the number at one end of the colour scale, as text.
        high: the number at the other end.
    """

    arm: ArmFacts
    against: str
    rows: tuple[MatrixRow, ...]
    low: str
    high: str

    @property
    def signed(self) -> bool:
        """True for differences: two colours, none at zero."""
        return bool(self.against)


@dataclass(frozen=True)
class PairMeans:
    """The means of an arm's matrix: of the diagonal, of the rest, and the effect on the latter, empty
    for a baseline."""

    arm: ArmFacts
    same: str
    mixed: str
    effect: str
    interval: str
    seeds: int


@dataclass(frozen=True)
class GeneralisedTarget:
    """All arms on one target.

    Args:
        title: title of the target.
        languages: in the order of the matrices.
        size: examples of each pair of languages, in words.
        means: means of every arm, in the order of the run.
        matrices: matrices of the baselines first, then of the other arms.
    """

    title: str
    languages: tuple[PairLanguage, ...]
    size: str
    means: tuple[PairMeans, ...]
    matrices: tuple[PairMatrix, ...]


@dataclass(frozen=True)
class GeneralisedSection:
    """What the section of the report shows."""

    targets: tuple[GeneralisedTarget, ...]


def generalised_section(folder: RunFolder) -> GeneralisedSection | None:
    """Read ``generalised.json`` and make the section of it.

    Args:
        folder: the run.

    Returns:
        The section; None if the folder lacks the file or the file is empty.

    Raises:
        DataError: the file is malformed; a matrix does not have as many rows and columns as there are
            languages; the arms of a target differ in these; or an arm appears twice.
        UnknownNameError: it names an arm or a target that the run does not have.
    """
    entries = read_optional_json_file(
        folder.path / GENERALISED_FILE, tuple[LanguagePairScores, ...]
    )
    if not entries:
        return None
    by_target: dict[str, dict[str, LanguagePairScores]] = {}
    for entry in entries:
        by_arm = by_target.setdefault(folder.target(entry.target).name, {})
        _check(folder, entry, by_arm)
        by_arm[entry.arm] = entry
    return GeneralisedSection(tuple(_target(folder, by_arm) for by_arm in by_target.values()))


def _check(
    folder: RunFolder, entry: LanguagePairScores, by_arm: dict[str, LanguagePairScores]
) -> None:
    place = f"{folder.path / GENERALISED_FILE}: {entry.arm} on {entry.target}"
    width = len(entry.languages)
    sizes = [len(entry.matrix), *map(len, entry.matrix)]
    if set(sizes) != {width}:
        raise DataError(
            f"{place}: a matrix of {sizes[0]} rows of {sorted(set(sizes[1:]))} numbers",
            f"{width} rows of {width}, one for each language",
            RUN_AGAIN,
        )
    if folder.arm(entry.arm).name in by_arm:
        raise DataError(f"{place} appears twice", "one entry for each arm and target", RUN_AGAIN)
    other = next(iter(by_arm.values()), entry)
    if other.languages != entry.languages:
        raise DataError(
            f"{place}: languages {' '.join(entry.languages)}",
            f"those of {other.arm}: {' '.join(other.languages)}",
            RUN_AGAIN,
        )


def _target(folder: RunFolder, by_arm: dict[str, LanguagePairScores]) -> GeneralisedTarget:
    arms = [arm for arm in folder.run.arms if arm.name in by_arm]
    first = next(iter(by_arm.values()))
    return GeneralisedTarget(
        title=first.title,
        languages=tuple(PairLanguage(code, name_of(code)) for code in first.languages),
        size=plural(first.n, "example"),
        means=tuple(_means(arm, by_arm[arm.name]) for arm in arms),
        matrices=_matrices(arms, by_arm),
    )


def _means(arm: ArmFacts, entry: LanguagePairScores) -> PairMeans:
    effect, span = change_words(entry.effect, entry.low, entry.high)
    return PairMeans(arm, percent(entry.same), percent(entry.mixed), effect, span, entry.seeds)


def _matrices(
    arms: Sequence[ArmFacts], by_arm: dict[str, LanguagePairScores]
) -> tuple[PairMatrix, ...]:
    """The scores of every baseline on one scale, then all differences on one; an arm whose baseline
    was not measured has scores."""
    bases = [arm for arm in arms if arm.baseline == arm.name or arm.baseline not in by_arm]
    others = [arm for arm in arms if arm not in bases]
    scores = {arm.name: by_arm[arm.name].matrix for arm in bases}
    changes = {a.name: _less(by_arm[a.name].matrix, by_arm[a.baseline].matrix) for a in others}
    base_matrices = [_scores(arm, by_arm[arm.name], scores) for arm in bases]
    return (*base_matrices, *(_changes(arm, by_arm[arm.name], changes) for arm in others))


def _less(matrix: Matrix, other: Matrix) -> Matrix:
    rows = zip(matrix, other, strict=True)
    return [[a - b for a, b in zip(row, base, strict=True)] for row, base in rows]


def _scores(arm: ArmFacts, entry: LanguagePairScores, scores: Mapping[str, Matrix]) -> PairMatrix:
    values = [value for matrix in scores.values() for row in matrix for value in row]
    low, high = min(values), max(values)
    span = max(high - low, LEAST_SPAN)

    def cell(value: float) -> HeatCell:
        return HeatCell(percent(value), score_shade((value - low) / span))

    return PairMatrix(
        arm, "", _rows(entry, scores[arm.name], cell), percent(low), percent(low + span)
    )


def _changes(arm: ArmFacts, entry: LanguagePairScores, changes: Mapping[str, Matrix]) -> PairMatrix:
    values = [abs(value) for matrix in changes.values() for row in matrix for value in row]
    span = max(LEAST_SPAN, *values)

    def cell(value: float) -> HeatCell:
        return HeatCell(signed_points(value), change_shade(abs(value) / span, value > 0))

    rows = _rows(entry, changes[arm.name], cell)
    return PairMatrix(arm, arm.baseline, rows, signed_points(-span), signed_points(span))


def _rows(
    entry: LanguagePairScores, matrix: Matrix, cell: Callable[[float], HeatCell]
) -> tuple[MatrixRow, ...]:
    return tuple(
        MatrixRow(PairLanguage(code, name_of(code)), tuple(map(cell, row)))
        for code, row in zip(entry.languages, matrix, strict=True)
    )
