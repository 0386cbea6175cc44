"""Which languages queries find in a mixed pool, and how far relevant passages in other languages fall
behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crosslift.analysis.collect import Gathered
from crosslift.making.found_languages import open_found_languages
from crosslift.results.language_bias import (
    EVERY_QUERY,
    OTHERS,
    OWN_LANGUAGE,
    LanguageBias,
    LanguageBiasOfArm,
)
from crosslift.statistics.cubes import OutcomeCube
from crosslift.statistics.differences import Difference, paired_difference, strata_of


def language_biases(gathered: Gathered) -> list[LanguageBiasOfArm]:
    """The language bias of every arm on every target with a mixed pool, over its seeds, under the
    target's primary protocol."""
    entries = []
    for target, loaded in gathered.plan.targets.items():
        protocol = loaded.protocols[0].id
        for arm in dict.fromkeys(run.arm for run in gathered.plan.runs):
            runs = [r for r in gathered.plan.runs if r.arm == arm and target in r.evaluations]
            tables = [
                _with_seed(
                    open_found_languages(r.evaluations[target].values(), gathered.store), r.seed
                )
                for r in runs
            ]
            rows = pa.concat_tables(tables) if tables else None
            if rows is None or not len(rows):
                continue
            for entry in bias_of(rows.filter(pc.field("protocol") == protocol), protocol):
                origin = {"arm": arm, "target": target, "seeds": len(runs)}
                entries.append(LanguageBiasOfArm.model_validate({**dict(entry), **origin}))
    return entries


def _with_seed(rows: pa.Table, seed: int) -> pa.Table:
    return rows.append_column("seed", pa.array([seed] * len(rows), pa.int64()))


def bias_of_encoder(found: pa.Table, protocol: str) -> tuple[LanguageBias, ...]:
    """The language bias of an encoder that no seed changes.

    Args:
        found: as `open_found_languages` returns them.
        protocol: id of the protocol.
    """
    rows = found.filter(pc.field("protocol") == protocol)
    return tuple(bias_of(_with_seed(rows, 0), protocol)) if len(rows) else ()


def bias_of(rows: pa.Table, protocol: str) -> Iterator[LanguageBias]:
    """The language bias in each language of queries, then over all of them.

    Args:
        rows: as `open_found_languages` returns them, of one protocol, with the column ``seed``.
        protocol: its id.
    """
    found = _Found.of(rows)
    for place, language in enumerate(found.languages):
        queries = slice(place, place + 1)
        for column, pool_language in enumerate(found.pool_languages):
            yield found.cell(language, queries, pool_language, protocol, column)
        if found.own[place] is not None and len(found.pool_languages) > 1:
            yield found.cell(language, queries, OTHERS, protocol)
    if len(found.languages) > 1:
        every = slice(None)
        for column, pool_language in enumerate(found.pool_languages):
            yield found.cell(EVERY_QUERY, every, pool_language, protocol, column)
        if all(own is not None for own in found.own):
            yield found.cell(EVERY_QUERY, every, OWN_LANGUAGE, protocol)
            yield found.cell(EVERY_QUERY, every, OTHERS, protocol)


@dataclass(frozen=True)
class _Found:
    """What S seeds found with N queries in L languages, in a pool of P languages.

    Args:
        languages: languages of the queries.
        pool_languages: languages of the passages.
        pool: float64 [P], the share of each in the pool.
        values: ``top``, ``found`` and ``closer`` -> float64 [S, N, L, P], NaN where not defined.
    """

    languages: list[str]
    pool_languages: list[str]
    pool: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, rows: pa.Table) -> _Found:
        names, places = [], []
        for column in ("seed", "item", "language", "pool_language"):
            distinct, place = np.unique(rows[column].to_numpy(), return_inverse=True)
            names.append(distinct)
            places.append(place)
        shape = tuple(map(len, names))
        values = {}
        for outcome in ("top", "found", "closer"):
            values[outcome] = np.full(shape, np.nan)
            values[outcome][tuple(places)] = rows[outcome].to_numpy()
        pool = np.zeros(shape[-1])
        pool[places[-1]] = rows["pool"].to_numpy()
        return cls([str(n) for n in names[2]], [str(n) for n in names[3]], pool, values)

    @cached_property
    def own(self) -> list[int | None]:
        """For each language of queries, its place among those of the pool; None: the pool lacks it."""
        place = {name: number for number, name in enumerate(self.pool_languages)}
        return [place.get(language) for language in self.languages]

    @cached_property
    def _found_own(self) -> NDArray[np.float64]:
        """[S, N, L, P]: share found in the language of the query, for queries that also have a relevant
        passage in the other language."""
        found = self.values["found"]
        of_own = np.full(found.shape[:3], np.nan)
        for place, own in enumerate(self.own):
            if own is not None:
                of_own[:, :, place] = found[:, :, place, own]
        both = np.where(np.isnan(found), np.nan, of_own[..., None])
        both[:, :, ~self._is_other] = np.nan
        return both

    @cached_property
    def _is_other(self) -> NDArray[np.bool_]:
        """[L, P]: whether the language of the pool is another than that of the queries."""
        languages, pool = np.array(self.languages), np.array(self.pool_languages)
        return np.asarray(languages[:, None] != pool)

    def cell(
        self,
        language: str,
        queries: slice,
        pool_language: str,
        protocol: str,
        column: int | None = None,
    ) -> LanguageBias:
        """The record for some languages of queries, and for one or several languages of the pool.

        Args:
            language: language of the queries, for the record.
            queries: places of their languages.
            pool_language: language of the passages, for the record.
            protocol: its id.
            column: the place of that language; None: by the name ``own`` or ``others``.
        """
        mask = self._mask(pool_language, column)[queries]
        shares = np.broadcast_to(self.pool, mask.shape)
        top = _interval(_mean_of(self.values["top"][:, :, queries], mask))
        facts = {
            "language": language,
            "protocol": protocol,
            "pool_language": pool_language,
            "pool_share": float(shares[mask].mean()),
            **_named("top", top, "top_share"),
        }
        own, found, closer = (
            _mean_of(values[:, :, queries], mask)
            for values in (self._found_own, self.values["found"], self.values["closer"])
        )
        found = np.where(np.isnan(own), np.nan, found)
        defined = int((~np.isnan(own[0])).sum())
        if defined:
            facts |= _named("behind", _interval(own - found), "behind", -1.0)
            facts |= _named("closer", _interval(closer), "closer")
            facts |= {"found_own": _interval(own).effect, "found": _interval(found).effect}
        return LanguageBias.model_validate({**facts, "queries": defined})

    def _mask(self, pool_language: str, column: int | None) -> NDArray[np.bool_]:
        """[L, P]: which languages of the pool count for each language of queries."""
        if column is not None:
            mask = np.zeros(self._is_other.shape, bool)
            mask[:, column] = True
            return mask
        return self._is_other if pool_language == OTHERS else ~self._is_other


def _mean_of(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> OutcomeCube:
    """[S, N, L], the mean over the languages of the pool that a mask [L, P] chooses and that are
    defined; NaN if none is."""
    counted = ~np.isnan(values) & mask
    counts = counted.sum(axis=-1)
    sums = np.where(counted, values, 0.0).sum(axis=-1)
    means: OutcomeCube = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return means


def _interval(cube: OutcomeCube) -> Difference:
    """The mean over languages of the means over queries [S, N, L], and its interval: its difference
    from 0."""
    present = ~np.isnan(cube[0])
    kept = cube[:, present.any(axis=1)][:, :, present.any(axis=0)]
    presence = ~np.isnan(kept[0])
    zero = np.where(presence, 0.0, np.nan)[None]
    return paired_difference(kept, zero, strata_of(presence))


def _named(prefix: str, mean: Difference, name: str, least: float = 0.0) -> dict[str, float]:
    """A mean with its interval, which ends where its values do: at ``least`` and at 1."""
    ends = {"low": max(mean.low, least), "high": min(mean.high, 1.0)}
    return {name: mean.effect, **{f"{prefix}_{end}": value for end, value in ends.items()}}
