"""The tables of scores of a model card, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosslift.metrics.table import Metric, described
from crosslift.reports.language_names import name_of
from crosslift.reports.model_card import CardLanguage, CardScore, ModelCard
from crosslift.results.verdict import SHOWN, Outcome
from crosslift.wording import count, listed, plural

_DASH = "\u2013"
_LEFT, _RIGHT = "---", "---:"


def plain(text: str) -> str:
    """Text on one line, its Markdown and HTML signs escaped."""
    joined = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    for sign in "\\`*_[]|#":
        joined = joined.replace(sign, f"\\{sign}")
    return joined


def score_table(card: ModelCard) -> str:
    """A row for each target."""
    rows = [
        [
            plain(score.target.title),
            _heading(described(score.target.metric)),
            f"`{score.target.protocol}`",
            str(len(score.target.languages)),
            *_of_target(card, score),
        ]
        for score in card.scores
    ]
    head = {"target": _LEFT, "metric": _LEFT, "protocol": _LEFT, "languages": _RIGHT}
    return _table(head | _heads(card), rows)


def _heading(metric: Metric) -> str:
    sign = "" if metric.note or not metric.unit.sign else f" ({metric.unit.sign})"
    return metric.heading + sign


def _of_target(card: ModelCard, score: CardScore) -> list[str]:
    metric, verdict = described(score.target.metric), score.effect
    if verdict is None:
        return [*_own(card, metric, score), *_not_compared(metric, score.baseline)]
    change = _change(metric, verdict.effect, verdict.low, verdict.high)
    return [*_own(card, metric, score), _level(metric, score.baseline), change, verdict.verdict]


def language_sections(card: ModelCard) -> Iterator[str]:
    """A heading, a sentence and a table for each target with scores of single languages."""
    head = {"language": _LEFT, "queries": _RIGHT} | _heads(card)
    for score in card.scores:
        if score.languages:
            yield f"### {plain(score.target.title)}"
            yield _shown_words(score, card.baseline)
            yield _table(head, [_of_language(card, score, each) for each in score.languages])


def _of_language(card: ModelCard, score: CardScore, each: CardLanguage) -> list[str]:
    metric, compared = described(score.target.metric), each.change
    named = [f"{plain(name_of(each.language))} (`{each.language}`)", count(each.queries)]
    own = _own(card, metric, each)
    if compared is None:
        return [*named, *own, *_not_compared(metric, None)]
    change = _change(metric, compared.difference, compared.low, compared.high)
    return [*named, *own, _level(metric, compared.first), change, compared.verdict]


def _heads(card: ModelCard) -> dict[str, str]:
    """Column -> alignment: the exported seed's score, the mean where there are several seeds, and the
    comparison with the baseline."""
    seeds = len(card.arm.seeds)
    mean = {f"mean of {seeds} seeds": _RIGHT} if seeds > 1 else {}
    others = {"baseline": _RIGHT, "change": _LEFT, "verdict": _LEFT}
    return {f"seed {card.weights.seed}": _RIGHT} | mean | others


def _own(card: ModelCard, metric: Metric, score: CardScore | CardLanguage) -> list[str]:
    values = [score.value, score.mean] if len(card.arm.seeds) > 1 else [score.value]
    return [metric.score(value) for value in values]


def _level(metric: Metric, baseline: float | None) -> str:
    return _DASH if baseline is None else metric.score(baseline)


def _not_compared(metric: Metric, baseline: float | None) -> list[str]:
    return [_level(metric, baseline), "not compared", _DASH]


def _change(metric: Metric, effect: float, low: float, high: float) -> str:
    return f"{metric.change(effect)} [{metric.change(low)}, {metric.change(high)}]"


def _table(head: dict[str, str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown.

    Args:
        head: column -> alignment.
        rows: as many cells each.
    """
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, head.values(), *rows))


def _shown_words(score: CardScore, baseline: str) -> str:
    """In how many languages a change is shown, with the names of those that lost; empty without any
    comparison."""
    verdicts = [each.change.verdict for each in score.languages if each.change is not None]
    if not verdicts:
        return ""
    shown, worse = sum(map(_is_shown, verdicts)), worse_languages(score)
    lost = f" ({listed([plain(name) for name in worse])})" if worse else ""
    return (
        f"Against {baseline}, better in {shown - len(worse)} of {plural(len(verdicts), 'language')},"
        f" worse in {len(worse)}{lost}; no difference is shown in {len(verdicts) - shown}."
    )


def _is_shown(verdict: Outcome) -> bool:
    return verdict in SHOWN


def worse_languages(score: CardScore) -> list[str]:
    """The names of the languages in which the arm is shown to be worse than its baseline."""
    metric = described(score.target.metric)
    return [
        name_of(each.language)
        for each in score.languages
        if each.change is not None
        and _is_shown(each.change.verdict)
        and not metric.is_better(each.change.difference)
    ]
