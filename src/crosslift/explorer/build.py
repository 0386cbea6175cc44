"""The data of a page: facts, and the blocks that fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import crosslift
from crosslift.errors import first_few
from crosslift.explorer.columns import NONE, Block, Column, numbers, size_in_page
from crosslift.explorer.contents import Contents
from crosslift.explorer.differences import language_entries, verdict_entry
from crosslift.explorer.explored import Explored
from crosslift.explorer.facts import (
    arm_facts,
    curve_facts,
    level_facts,
    metric_of,
    several_right,
    words_of,
)
from crosslift.explorer.items import FoundColumns, Items, Measured
from crosslift.explorer.languages import Languages
from crosslift.explorer.room import Room
from crosslift.metrics.table import Metric
from crosslift.results.target_facts import TargetFacts
from crosslift.statistics.table_parts import parts_of
from crosslift.wording import plural

FORMAT = 1


@dataclass(frozen=True)
class PageData:
    """The content of a page.

    Args:
        facts: see docs/explorer-format.md.
        blocks: name -> compressed content.
    """

    facts: dict[str, Any]
    blocks: dict[str, bytes]


@dataclass
class _Protocol:
    items: Items
    metric: Metric
    block: Block
    found: list[FoundColumns] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Found:
    """The answers that an arm and seed found, and the block that they belong to."""

    block: Block
    columns: FoundColumns


@dataclass
class _Target:
    facts: TargetFacts
    contents: Contents
    protocols: list[_Protocol]
    map: Block = field(default_factory=Block)
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)


def page_data(explored: Explored, room: Room | None = None) -> PageData:
    """The data of a page.

    Args:
        explored: the results.
        room: largest size of the page in bytes; None: 25 MB.
    """
    return _Page(explored, room or Room()).data()


class _Page:
    def __init__(self, explored: Explored, room: Room) -> None:
        self._explored = explored
        self._room = room
        self._languages = Languages()
        self._place = {arm.name: i for i, arm in enumerate(explored.arms)}
        self._notes = list(explored.notes)
        for target in explored.targets:
            for code in target.languages:
                self._languages.place(code)
        self._outcomes = self._parts(explored.outcomes)
        self._found = self._parts(explored.found)
        self._texts = _by_target(explored.texts)
        self._projections = _by_target(explored.projections)
        self._thumbnails = _by_target(explored.thumbnails)

    def _parts(self, table: pa.Table | None) -> dict[tuple[str, str], dict[Measured, pa.Table]]:
        """Target and protocol -> arm and seed -> rows."""
        parts: dict[tuple[str, str], dict[Measured, pa.Table]] = {}
        if table is None:
            return parts
        split = parts_of(table, ("target", "protocol", "arm", "seed"))
        for (target, protocol, arm, seed), rows in split.items():
            if arm in self._place:
                measured = (self._place[arm], int(seed))
                parts.setdefault((target, protocol), {})[measured] = rows
        return {place: dict(sorted(of_place.items())) for place, of_place in parts.items()}

    def data(self) -> PageData:
        targets = [self._target(facts) for facts in self._explored.targets]
        facts = self._facts(targets)
        self._room.spend(len(json.dumps(facts).encode()))
        self._fill(targets)
        blocks: dict[str, bytes] = {}
        facts["blocks"] = {}
        for entry, target in zip(facts["targets"], targets, strict=True):
            name = target.facts.name
            named = {f"{name}/contents": target.contents.block(target.thumbnails)}
            if target.map.columns:
                named[f"{name}/map"] = target.map
                fitted = pc.cast(self._projections[name]["arm"].slice(0, 1), pa.string())
                entry |= {"map": f"{name}/map", "map_arm": fitted[0].as_py()}
            if len(target.contents):
                entry["contents"] = f"{name}/contents"
            else:
                del named[f"{name}/contents"]
            for protocol in target.protocols:
                named[f"{name}/{protocol.items.protocol}"] = protocol.block
            for block_name, block in named.items():
                facts["blocks"][block_name], blocks[block_name] = block.pack()
        facts["notes"] = self._notes
        facts["languages"] = self._languages.facts()
        return PageData(facts, blocks)

    def _target(self, facts: TargetFacts) -> _Target:
        contents = Contents(self._texts.get(facts.name), self._languages)
        protocols = []
        of_target = {p: rows for (t, p), rows in self._outcomes.items() if t == facts.name}
        order = sorted(of_target, key=lambda protocol: (protocol != facts.protocol, protocol))
        for protocol in order:
            metric = metric_of(self._explored, facts, protocol)
            outcome = metric.outcome or metric.name
            items = Items(protocol, outcome, of_target[protocol], contents, self._languages)
            if items.left_out:
                names = {self._explored.arms[arm].name for arm, _ in items.left_out}
                self._notes.append(
                    f"{facts.title}, {words_of(protocol)}: left out, because their items are not those "
                    f"of the first arm: {first_few(sorted(names), 5)}."
                )
            if not items.outcomes:
                self._notes.append(
                    f"{facts.title}, {words_of(protocol)}: no item has an outcome of {metric.title}."
                )
            else:
                found = list(items.found(self._found.get((facts.name, protocol), {})))
                protocols.append(_Protocol(items, metric, items.block(), found))
        return _Target(facts, contents, protocols)

    def _facts(self, targets: list[_Target]) -> dict[str, Any]:
        explored = self._explored
        metrics = {
            (target.facts.name, protocol.items.protocol): protocol.metric
            for target in targets
            for protocol in target.protocols
        }
        differences = [
            verdict_entry(verdict, metrics[verdict.target, verdict.protocol])
            for verdict in explored.verdicts
            if (verdict.target, verdict.protocol) in metrics and verdict.subset == "all"
        ]
        for target in targets:
            for protocol in target.protocols:
                differences += language_entries(
                    target.facts.name, protocol.items, explored, protocol.metric
                )
        return {
            "format": FORMAT,
            "title": explored.title,
            "question": explored.question,
            "version": crosslift.__version__,
            "runs": list(explored.runs),
            "notes": self._notes,
            "arms": arm_facts(explored),
            "languages": self._languages.facts(),
            "targets": [self._target_facts(target) for target in targets],
            "levels": list(level_facts(explored, metrics)),
            "differences": differences,
            "curves": curve_facts(explored.curves),
        }

    def _target_facts(self, target: _Target) -> dict[str, Any]:
        facts = target.facts
        return {
            "name": facts.name,
            "title": facts.title,
            "metric": facts.metric,
            "protocol": facts.protocol,
            "pictures": bool(target.contents.pictures),
            "contents": None,
            "map": None,
            "map_arm": None,
            "protocols": [self._protocol_facts(facts, each) for each in target.protocols],
        }

    def _protocol_facts(self, target: TargetFacts, protocol: _Protocol) -> dict[str, Any]:
        metric, items = protocol.metric, protocol.items
        codes = dict.fromkeys(items.language_codes.tolist())
        return {
            "id": items.protocol,
            "words": words_of(items.protocol),
            "metric": metric.name,
            "metric_title": metric.title,
            "outcome": items.outcome,
            "unit": metric.unit.of_differences or "ranks",
            "higher_is_better": not metric.lower_is_better,
            "right": metric.right == items.outcome,
            "several_right": several_right(target, items.protocol),
            "block": f"{target.name}/{items.protocol}",
            "items": len(items),
            "languages": [self._languages.place(code) for code in codes],
        }

    def _fill(self, targets: list[_Target]) -> None:
        """Adds the optional content of a page, the most useful first, as long as there is room."""
        for target in targets:
            self._room.spend(size_in_page(*target.contents.block({}).columns.values()))
            for protocol in target.protocols:
                self._room.spend(size_in_page(*protocol.block.columns.values()))
        first, other = _first_seeds(targets)
        unknown = [
            each for each in (*first, *other) if not self._room.add(each.block, each.columns.first)
        ]
        left_out = self._add_all_ranks(first)
        for target in targets:
            self._add_map(target)
            self._add_thumbnails(target)
        left_out += self._add_all_ranks(other)
        if left_out:
            self._notes.append(
                f"The page has no room for ranks 2 to 5 of {plural(left_out, 'list')} of answers (one "
                "an arm, seed and protocol). The first seeds under each target's own protocol come "
                "first."
            )
        if unknown:
            count = plural(len(unknown), "list")
            self._notes.append(f"The page has no room for any answer of {count}.")
        if self._room.left < 0:
            self._notes.append("The page is larger than 25 MB: what it must have does not fit.")

    def _add_all_ranks(self, found: list[_Found]) -> int:
        """Adds all ranks of as many lists of answers as fit; returns the number of the others."""
        return sum(bool(each.columns.ranks) and not self._add_ranks(each) for each in found)

    def _add_ranks(self, found: _Found) -> bool:
        """Replaces the first answers by all ranks, if they fit; returns whether they fit."""
        first = {
            name: found.block.columns.pop(name)
            for name in found.columns.first
            if name in found.block.columns
        }
        self._room.spend(-size_in_page(*first.values()))
        if self._room.add(found.block, found.columns.ranks):
            return True
        self._room.add(found.block, first)
        return False

    def _add_map(self, target: _Target) -> None:
        rows = self._projections.get(target.facts.name)
        if rows is None:
            return
        columns = _map_columns(rows, target.contents, self._place)
        if columns and not self._room.add(target.map, columns):
            self._notes.append(
                f"{target.facts.title}: the page has no room for the map of vectors."
            )

    def _add_thumbnails(self, target: _Target) -> None:
        rows = self._thumbnails.get(target.facts.name)
        pictures = target.contents.pictures
        if not pictures:
            return
        images: dict[str, bytes] = {}
        if rows is not None:
            images = dict(zip(rows["picture"].to_pylist(), rows["image"].to_pylist(), strict=True))
        fitting: dict[str, bytes] = {}
        for name in pictures:
            size = len(images.get(name, b"")) * 4 // 3
            if name in images and size < self._room.left:
                fitting[name] = images[name]
                self._room.spend(size)
        target.thumbnails = fitting
        if len(fitting) < len(pictures):
            self._notes.append(
                f"{target.facts.title}: {len(fitting):,} of {len(pictures):,} pictures are shown."
            )


def _by_target(table: pa.Table | None) -> dict[str, pa.Table]:
    if table is None:
        return {}
    return {target: rows for (target,), rows in parts_of(table, ("target",)).items()}


def _first_seeds(targets: list[_Target]) -> tuple[list[_Found], list[_Found]]:
    """The answers of the first seeds under each target's primary protocol, and the other answers: those
    of first seeds under other protocols, then those of further seeds."""
    ranked: list[tuple[int, int, _Found]] = []
    for target in targets:
        for number, protocol in enumerate(target.protocols):
            seeds: dict[int, int] = {}
            for columns in protocol.found:
                rank = seeds.setdefault(columns.of[0], 0)
                seeds[columns.of[0]] += 1
                ranked.append((rank, number, _Found(protocol.block, columns)))
    ranked.sort(key=lambda each: each[:2])
    first = [found for rank, number, found in ranked if (rank, number) == (0, 0)]
    return first, [found for rank, number, found in ranked if (rank, number) != (0, 0)]


def _map_columns(rows: pa.Table, contents: Contents, place: Mapping[str, int]) -> dict[str, Column]:
    """The columns of a map: the contents that every arm has."""
    of_arms = {
        place[arm]: part for (arm,), part in parts_of(rows, ("arm",)).items() if arm in place
    }
    if not of_arms:
        return {}
    known = {arm: contents.known(part) for arm, part in of_arms.items()}
    shared = set.intersection(*(set(each.tolist()) for each in known.values())) - {NONE}
    order = sorted(shared)
    columns = {"map/content": numbers(order, np.uint32)}
    for arm, part in sorted(of_arms.items()):
        at = {content: i for i, content in enumerate(known[arm].tolist())}
        chosen = [at[content] for content in order]
        for axis in ("x", "y"):
            columns[f"map/{arm}/{axis}"] = Column(part[axis].to_numpy()[chosen].astype(np.float32))
    return columns if order else {}
