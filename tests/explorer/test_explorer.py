"""The data of the explorer's page: what it holds, from one run and from two."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from explorer_run import ExplorerRun

from crosslift.errors import DataError
from crosslift.explorer import page_file
from crosslift.explorer.build import PageData, page_data
from crosslift.explorer.explored import Explored
from crosslift.explorer.page_file import filled, write_page_folder
from crosslift.explorer.room import Room
from crosslift.explorer.two_runs import joined
from crosslift.results.run_folder import EXPLORER_PAGE
from crosslift.results.verdict import Outcome
from crosslift.statistics.differences import paired_difference
from crosslift.statistics.query_cubes import as_many_seeds, cube_of

TEMPLATE = "<title><!--title--></title><body><!--facts--><!--blocks--></body>"
TYPES = {"u8": "<u1", "u16": "<u2", "u32": "<u4", "i32": "<i4", "f32": "<f4"}
NONE = 0xFFFFFFFF


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ExplorerRun().write(tmp_path_factory.mktemp("explorer") / "run")


@pytest.fixture(scope="module")
def data(run: Path) -> PageData:
    return page_data(Explored.read(run))


class Decoded:
    """A block as the page decodes it."""

    def __init__(self, data: PageData, name: str) -> None:
        self.described = data.facts["blocks"][name]["columns"]
        self.content = gzip.decompress(data.blocks[name])
        assert len(self.content) == data.facts["blocks"][name]["bytes"]

    def __contains__(self, name: str) -> bool:
        return name in self.described

    def __getitem__(self, name: str) -> np.ndarray:
        entry = self.described[name]
        assert entry["offset"] % 8 == 0
        kind = np.dtype(TYPES[entry["type"]])
        stored = np.frombuffer(self.content, kind, entry["length"], entry["offset"])
        return entry.get("zero", 0) + entry["scale"] * stored if "scale" in entry else stored

    def pool(self, name: str) -> list[bytes]:
        ends = [0, *self[f"{name}/ends"].tolist()]
        whole = self[f"{name}/bytes"].tobytes()
        return [whole[a:b] for a, b in itertools.pairwise(ends)]


class Target:
    """A target of a page, with texts in place of numbers."""

    def __init__(self, data: PageData, name: str, protocol: str) -> None:
        self.facts = next(t for t in data.facts["targets"] if t["name"] == name)
        self.protocol = next(p for p in self.facts["protocols"] if p["id"] == protocol)
        self.contents = Decoded(data, self.facts["contents"])
        self.items = Decoded(data, self.protocol["block"])
        self.strings = [text.decode() for text in self.contents.pool("texts")]
        self.languages = [language["code"] for language in data.facts["languages"]]

    def text(self, content: int) -> str | None:
        number = self.contents["content/text"][content]
        return None if number == NONE else self.strings[number]

    def shown(self, content: int) -> tuple[str | None, str | None]:
        """Id of a picture or text of a content, with its language."""
        place = self.contents["content/language"][content]
        code = None if place == 0xFFFF else self.languages[place]
        if self.contents["content/kind"][content] == 1:
            return self.strings[self.contents["content/id"][content]], None
        return self.text(content), code


def rows_of(run: Path, table: str, **values: Any) -> pa.Table:
    rows = pq.read_table(run / f"{table}.parquet")
    for name, value in values.items():
        rows = rows.filter(pc.field(name) == value)
    return rows


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("sentences", "crosslift/xx->en"),
        ("sentences", "crosslift/en->xx"),
        ("photographs", "crosslift/text->picture"),
        ("photographs", "crosslift/picture->text"),
    ],
)
def test_items_are_those_of_the_run(run: Path, data: PageData, name: str, protocol: str) -> None:
    target = Target(data, name, protocol)
    place = {"target": name, "protocol": protocol}
    texts = {
        (row["language"], row["role"], row["item"]): (
            (row["picture"], None) if row["picture"] else (row["text"], row["text_language"])
        )
        for row in rows_of(run, "texts", **place).to_pylist()
    }
    arms = [arm["name"] for arm in data.facts["arms"]]
    for arm, seed in (("raw", 0), ("image", 1), ("image", 2)):
        rows = rows_of(run, "outcomes", **place, arm=arm, seed=seed).to_pylist()
        found = rows_of(run, "found", **place, arm=arm, seed=seed).to_pylist()
        of = f"{arms.index(arm)}/{seed}"
        outcome = target.items[f"outcome/{of}"]
        answers = target.items[f"found/{of}/content"].reshape(-1, 5)
        scores = target.items[f"found/{of}/score"].reshape(-1, 5)
        assert len(rows) == target.protocol["items"] == len(outcome)
        for i, (row, best) in enumerate(zip(rows, found, strict=True)):
            language, item = row["language"], row["item"]
            assert target.strings[target.items["item/id"][i]] == item
            assert target.languages[target.items["item/language"][i]] == language
            query, right = (target.items[f"item/{role}"][i] for role in ("query", "right"))
            assert target.shown(query) == texts[language, "query", item]
            assert target.shown(right) == texts[language, "right", item]
            assert target.items["item/length"][i] == len(target.text(query) or "")
            assert bool(target.items["item/clean"][i]) == row["clean"]
            assert outcome[i] == row["top1_accuracy"]
            shown = [target.shown(content) for content in answers[i]]
            assert shown == [texts[language, "retrieved", name] for name in best["answers"]]
            assert np.abs(scores[i] - best["scores"]).max() <= 0.0005 + 1e-6
            if row["top1_accuracy"] == 1:
                assert answers[i][0] == right


def test_facts_of_arms_levels_and_verdicts(run: Path, data: PageData) -> None:
    facts = data.facts
    assert [arm["name"] for arm in facts["arms"]] == ["raw", "text", "image", "image-shuffled"]
    control = facts["arms"][3]
    assert control["control_of"] == "image" and control["hollow"]
    assert (
        control["colour"] == facts["arms"][2]["colour"]
        and control["mark"] != facts["arms"][2]["mark"]
    )
    scores = rows_of(run, "results", arm="text", target="sentences", language="ar", subset="all")
    of_protocol = scores.filter(pc.field("protocol") == "crosslift/xx->en")["value"].to_pylist()
    (level,) = [
        each
        for each in facts["levels"]
        if (each["arm"], each["target"], each["protocol"], each["language"])
        == ("text", "sentences", "crosslift/xx->en", "ar")
    ]
    assert level["seeds"] == pytest.approx([100 * value for value in of_protocol])
    assert level["level"] == pytest.approx(100 * np.mean(of_protocol))
    verdicts = [each for each in facts["differences"] if each["language"] is None]
    assert len(verdicts) == 6
    assert {(each["low"], each["high"], each["mark"]) for each in verdicts} == {
        (4.0, 16.0, "higher")
    }
    json.dumps(facts, allow_nan=False)


def test_the_difference_in_a_language_is_that_of_the_statistics(run: Path, data: PageData) -> None:
    place = {"target": "sentences", "protocol": "crosslift/xx->en", "language": "ja"}
    cubes = [
        np.stack(
            [
                rows_of(run, "outcomes", **place, arm=arm, seed=seed)["top1_accuracy"].to_numpy()
                for seed in seeds
            ]
        )[:, :, None].astype(float)
        for arm, seeds in (("image", (1, 2)), ("raw", (0,)))
    ]
    expected = paired_difference(as_many_seeds(*cubes), cubes[1], np.zeros(20, int))
    (entry,) = [
        each
        for each in data.facts["differences"]
        if all(each[name] == value for name, value in place.items())
        and (each["arm"], each["against"]) == ("image", "raw")
    ]
    measured = (entry["difference"], entry["low"], entry["high"])
    assert measured == pytest.approx(
        (100 * expected.effect, 100 * expected.low, 100 * expected.high), abs=1e-3
    )
    assert entry["mark"] is None and entry["sentence"] is None


def test_a_baseline_with_the_first_seed_of_an_arm_is_paired_with_all_its_seeds(
    run: Path, data: PageData
) -> None:
    explored = Explored.read(run)
    renamed = pc.replace_with_mask(
        explored.outcomes["seed"].combine_chunks(),
        pc.equal(explored.outcomes["seed"], 0).combine_chunks(),
        pa.scalar(1),
    )
    place = explored.outcomes.column_names.index("seed")
    outcomes = explored.outcomes.set_column(place, "seed", renamed)
    changed = page_data(replace(explored, outcomes=outcomes))
    assert changed.facts["differences"] == data.facts["differences"]


def test_queries_of_one_cluster_are_resampled_together(tmp_path: Path) -> None:
    folder = ExplorerRun(pictures=False).write(tmp_path / "run")
    outcomes = pq.read_table(folder / "outcomes.parquet")
    clusters = [f"c{int(item[1:]) // 3}" for item in outcomes["item"].to_pylist()]
    place = outcomes.column_names.index("cluster")
    changed = outcomes.set_column(place, "cluster", pa.array(clusters))
    pq.write_table(changed, folder / "outcomes.parquet")
    names = {"target": "sentences", "protocol": "crosslift/en->xx", "language": "de"}
    cubes = [
        cube_of(rows_of(folder, "outcomes", **names, arm=arm), "top1_accuracy")[0]
        for arm in ("text", "raw")
    ]
    assert cubes[0].shape == (2, 7, 1)
    expected = paired_difference(as_many_seeds(*cubes), cubes[1], np.zeros(7, int))
    (entry,) = [
        each
        for each in page_data(Explored.read(folder)).facts["differences"]
        if all(each[name] == value for name, value in names.items())
        and (each["arm"], each["against"]) == ("text", "raw")
    ]
    measured = (entry["difference"], entry["low"], entry["high"])
    assert measured == pytest.approx(
        (100 * expected.effect, 100 * expected.low, 100 * expected.high), abs=1e-3
    )


def test_an_outcome_that_no_item_has_is_said(tmp_path: Path) -> None:
    folder = ExplorerRun().write(tmp_path / "run")
    outcomes = pq.read_table(folder / "outcomes.parquet").drop_columns(["top1_accuracy"])
    pq.write_table(outcomes, folder / "outcomes.parquet")
    data = page_data(Explored.read(folder))
    assert all(target["protocols"] == [] for target in data.facts["targets"])
    assert any("no item has an outcome of top-1 accuracy" in note for note in data.facts["notes"])


def test_one_seed_of_a_trained_arm_gives_no_interval(tmp_path: Path) -> None:
    data = page_data(Explored.read(ExplorerRun(seeds=1).write(tmp_path / "run")))
    of_languages = [each for each in data.facts["differences"] if each["language"]]
    assert of_languages and all(each["low"] is None is each["high"] for each in of_languages)


def test_one_seed_against_several_gives_no_interval(run: Path) -> None:
    explored = Explored.read(run)
    one_seed = pc.or_(
        pc.not_equal(explored.outcomes["arm"], "image-shuffled"),
        pc.equal(explored.outcomes["seed"], 1),
    )
    data = page_data(replace(explored, outcomes=explored.outcomes.filter(one_seed)))
    of_languages = [each for each in data.facts["differences"] if each["language"]]
    intervals = {
        (each["arm"], each["against"]): each["low"] is not None and each["high"] is not None
        for each in of_languages
    }
    assert intervals == {
        ("text", "raw"): True,
        ("image", "raw"): True,
        ("image-shuffled", "raw"): False,
        ("image", "image-shuffled"): False,
    }


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [
        ("higher", "higher"),
        ("lower", "lower"),
        ("equivalent", "equal"),
        ("inconclusive", "not shown"),
        ("one seed", None),
    ],
)
def test_a_verdict_has_its_own_mark(run: Path, outcome: Outcome, mark: str | None) -> None:
    explored = Explored.read(run)
    verdicts = tuple(each.model_copy(update={"verdict": outcome}) for each in explored.verdicts)
    differences = page_data(replace(explored, verdicts=verdicts)).facts["differences"]
    assert {each["mark"] for each in differences if each["language"] is None} == {mark}


def test_a_plain_interval_is_not_called_corrected(run: Path, data: PageData) -> None:
    explored = Explored.read(run)
    plain = {"low_corrected": None, "high_corrected": None}
    verdicts = tuple(each.model_copy(update=plain) for each in explored.verdicts)
    changed = page_data(replace(explored, verdicts=verdicts))
    for facts, expected in ((data.facts, (4.0, 16.0, True)), (changed.facts, (5.0, 15.0, False))):
        overall = [each for each in facts["differences"] if each["language"] is None]
        assert {(each["low"], each["high"], each["corrected"]) for each in overall} == {expected}


def test_arms_have_their_postprocessing(run: Path) -> None:
    explored = Explored.read(run)
    csls = explored.arms[1].model_copy(update={"postprocessing": ("csls",)})
    facts = page_data(replace(explored, arms=(explored.arms[0], csls, *explored.arms[2:]))).facts
    assert [arm["postprocessing"] for arm in facts["arms"]] == [[], ["csls"], [], []]


def test_protocols_say_whether_several_answers_are_right(run: Path) -> None:
    explored = Explored.read(run)

    def several(several_right: tuple[str, ...] | None) -> set[str]:
        targets = [
            each.model_copy(update={"several_right": several_right}) for each in explored.targets
        ]
        facts = page_data(replace(explored, targets=tuple(targets))).facts
        protocols = [each for target in facts["targets"] for each in target["protocols"]]
        return {each["id"] for each in protocols if each["several_right"]}

    assert several(()) == set()
    assert several(("crosslift/text->picture",)) == {"crosslift/text->picture"}
    assert several(None) == {"crosslift/picture->text"}  # an earlier version does not say


def test_the_map_has_the_places_of_every_arm(run: Path, data: PageData) -> None:
    target = Target(data, "sentences", "crosslift/xx->en")
    map_block = Decoded(data, target.facts["map"])
    for number, arm in enumerate(data.facts["arms"]):
        rows = rows_of(run, "projections", arm=arm["name"]).to_pylist()
        places = {(row["text"], row["text_language"]): (row["x"], row["y"]) for row in rows}
        shown = [target.shown(content) for content in map_block["map/content"]]
        measured = zip(map_block[f"map/{number}/x"], map_block[f"map/{number}/y"], strict=True)
        assert dict(zip(shown, measured, strict=True)) == places


def test_thumbnails_are_in_the_page(run: Path, data: PageData) -> None:
    target = Target(data, "photographs", "crosslift/text->picture")
    images = target.contents.pool("pictures")
    numbers = zip(target.contents["content/id"], target.contents["content/picture"], strict=True)
    shown = {target.strings[name]: images[number] for name, number in numbers if number != NONE}
    kept = rows_of(run, "thumbnails").to_pylist()
    assert shown == {row["picture"]: row["image"] for row in kept}


def test_a_run_of_an_earlier_version_opens_with_less(tmp_path: Path) -> None:
    folder = ExplorerRun(codes_of_texts=False).write(tmp_path / "run")
    for name in ("found", "projections", "thumbnails"):
        (folder / f"{name}.parquet").unlink()
    data = page_data(Explored.read(folder))
    target = Target(data, "sentences", "crosslift/en->xx")
    assert "found/0/0/content" not in target.items and target.facts["map"] is None
    assert [target.shown(target.items[f"item/{side}"][0])[1] for side in ("query", "right")] == [
        "en",
        "de",
    ]
    retrieved = rows_of(
        folder, "outcomes", target="sentences", protocol="crosslift/en->xx", arm="text", seed=2
    )
    first = [
        target.strings[target.contents["content/id"][c]] for c in target.items["retrieved/1/2"]
    ]
    assert first == retrieved["retrieved"].to_pylist()
    assert any("first answer" in note for note in data.facts["notes"])
    (folder / "texts.parquet").unlink()
    without = Target(page_data(Explored.read(folder)), "photographs", "crosslift/text->picture")
    assert str(without.shown(without.items["retrieved/0/0"][0])[0]).startswith("p")
    assert without.contents["content/kind"][without.items["retrieved/0/0"][0]] == 1


def test_what_has_no_room_is_left_out_and_said(run: Path, data: PageData) -> None:
    limit = int(_size(data) * 0.85)
    small = page_data(Explored.read(run), Room(limit))
    assert _size(small) < limit
    whole = 0
    for name, block in small.facts["blocks"].items():
        for column in [each for each in block["columns"] if each.startswith("outcome/")]:
            of = column.removeprefix("outcome/")
            has_ranks = f"found/{of}/content" in block["columns"]
            assert has_ranks != (f"retrieved/{of}" in block["columns"])
            whole += has_ranks
            if name.endswith(("xx->en", "text->picture")) and of in ("0/0", "1/1", "2/1", "3/1"):
                assert has_ranks  # the first seeds under the target's own protocol
    assert 8 <= whole < 28
    assert any("no room for ranks 2 to 5" in note for note in small.facts["notes"])


def _size(data: PageData) -> int:
    return len(filled(TEMPLATE, data))


def test_values_that_are_no_numbers_and_odd_outcomes(tmp_path: Path) -> None:
    folder = ExplorerRun(pictures=False).write(tmp_path / "run")
    outcomes = pq.read_table(folder / "outcomes.parquet")
    values = outcomes["top1_accuracy"].to_numpy().copy()
    values[0], values[100] = math.nan, 1.5
    place = outcomes.column_names.index("top1_accuracy")
    changed = outcomes.set_column(place, "top1_accuracy", pa.array(values))
    pq.write_table(changed, folder / "outcomes.parquet")
    data = page_data(Explored.read(folder))
    json.dumps(data.facts, allow_nan=False)
    items = Target(data, "sentences", "crosslift/xx->en").items
    assert math.isnan(items["outcome/0/0"][0]) and items["outcome/1/1"][40] == 1.5


def test_a_run_without_items_says_so(tmp_path: Path) -> None:
    folder = ExplorerRun().write(tmp_path / "run")
    for name in ("outcomes", "found"):
        table = pq.read_table(folder / f"{name}.parquet")
        pq.write_table(table.slice(0, 0), folder / f"{name}.parquet")
    data = page_data(Explored.read(folder))
    assert "no items" in data.facts["notes"][0]
    assert all(target["protocols"] == [] for target in data.facts["targets"])


def test_two_hundred_arms(tmp_path: Path) -> None:
    folder = ExplorerRun(languages=("de",), items=6, arms=200, seeds=1, pictures=False).write(
        tmp_path / "run"
    )
    data = page_data(Explored.read(folder))
    assert len(data.facts["arms"]) == 200
    assert len({(arm["colour"], arm["mark"]) for arm in data.facts["arms"]}) > 30


def test_an_arm_with_other_items_is_left_out_and_named(tmp_path: Path) -> None:
    folder = ExplorerRun(pictures=False).write(tmp_path / "run")
    outcomes = pq.read_table(folder / "outcomes.parquet")
    kept = pc.or_(pc.not_equal(outcomes["arm"], "text"), pc.not_equal(outcomes["item"], "s3"))
    pq.write_table(outcomes.filter(kept), folder / "outcomes.parquet")
    data = page_data(Explored.read(folder))
    assert "outcome/1/1" not in Target(data, "sentences", "crosslift/xx->en").items
    assert any("left out" in note and "text" in note for note in data.facts["notes"])


@pytest.mark.parametrize("name", ["outcomes", "found", "texts", "thumbnails", "projections"])
def test_a_truncated_file_is_named(tmp_path: Path, name: str) -> None:
    folder = ExplorerRun().write(tmp_path / "run")
    path = folder / f"{name}.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=re.escape(str(path))):
        Explored.read(folder)


# The page


def test_the_page_holds_facts_and_blocks_and_no_markup_of_texts(data: PageData) -> None:
    hostile = PageData(
        {**data.facts, "title": "</title><script>", "notes": ["</script><b>&"]}, data.blocks
    )
    page = filled(TEMPLATE, hostile)
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in page
    elements = re.findall(r"<script [^>]*>([^<]*)</script>", page)
    assert len(elements) == 1 + len(data.blocks) == page.count("<script")
    assert json.loads(elements[0]) == hostile.facts
    assert [base64.b64decode(each) for each in elements[1:]] == list(data.blocks.values())


def test_a_template_without_a_placeholder_is_refused(data: PageData) -> None:
    with pytest.raises(DataError, match="<!--facts--> 0 times"):
        filled("<!--title--><!--blocks-->", data)


def test_a_title_that_looks_like_a_placeholder(data: PageData) -> None:
    page = filled(TEMPLATE, PageData({**data.facts, "title": "<!--blocks-->"}, data.blocks))
    assert page.count('class="block"') == len(data.blocks)


def test_a_folder_has_the_blocks_beside_the_page(
    data: PageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_file, "built_page", lambda: TEMPLATE)
    page = write_page_folder(data, tmp_path / "site").read_text(encoding="utf-8")
    sources = dict(re.findall(r'data-name="([^"]*)" data-src="([^"]*)"', page))
    named = {name.replace("&gt;", ">"): source for name, source in sources.items()}
    assert {n: (tmp_path / "site" / s).read_bytes() for n, s in named.items()} == data.blocks


# Two runs


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other") / "run"
    return ExplorerRun(name="other", seed=2, pictures=False).write(folder)


def test_two_runs_have_the_arms_of_both(run: Path, other: Path) -> None:
    data = page_data(joined(Explored.read(run), Explored.read(other)))
    assert data.facts["runs"] == ["made-up", "other"] and data.facts["title"] == "made-up and other"
    names = [arm["name"] for arm in data.facts["arms"]]
    assert names[:2] == ["made-up/raw", "made-up/text"] and names[-1] == "other/image-shuffled"
    assert [arm["run"] for arm in data.facts["arms"]] == ["made-up"] * 4 + ["other"] * 4
    assert [target["name"] for target in data.facts["targets"]] == ["sentences"]
    items = Target(data, "sentences", "crosslift/xx->en").items
    place = {"target": "sentences", "protocol": "crosslift/xx->en", "arm": "text", "seed": 1}
    for number, folder in ((1, run), (5, other)):
        expected = rows_of(folder, "outcomes", **place)["top1_accuracy"].to_numpy()
        assert (items[f"outcome/{number}/1"] == expected).all()
    compared = {(each["arm"], each["against"]) for each in data.facts["differences"]}
    assert ("other/text", "made-up/text") in compared and ("other/text", "other/raw") in compared
    assert any("photographs" in note for note in data.facts["notes"])


def test_two_runs_of_one_name(run: Path) -> None:
    explored = joined(Explored.read(run), Explored.read(run))
    assert explored.runs == ("made-up", "made-up-2") and len(explored.run_of) == 8


def test_two_runs_with_other_items_are_refused(run: Path, tmp_path: Path) -> None:
    fewer = ExplorerRun(items=19, pictures=False).write(tmp_path / "fewer")
    with pytest.raises(
        DataError, match=r"3 of 60 items of sentences under .* run made-up alone.*'s19'"
    ):
        joined(Explored.read(run), Explored.read(fewer))
    with pytest.raises(DataError, match="run made-up alone"):
        joined(Explored.read(fewer), Explored.read(run))


def test_two_runs_with_other_texts_are_refused(run: Path, tmp_path: Path) -> None:
    folder = ExplorerRun(pictures=False).write(tmp_path / "changed")
    texts = pq.read_table(folder / "texts.parquet")
    changed = texts.set_column(5, "text", pc.utf8_upper(texts["text"]))
    pq.write_table(changed, folder / "texts.parquet")
    with pytest.raises(
        DataError, match=r"item 's0' in ar of sentences .* is '.*' in the first run"
    ):
        joined(Explored.read(run), Explored.read(folder))


def test_two_runs_with_other_right_answers_are_refused(run: Path) -> None:
    one = Explored.read(run)
    assert one.texts is not None
    right = pc.and_(pc.equal(one.texts["role"], "right"), pc.equal(one.texts["item"], "s3"))
    texts = pc.if_else(right, "another answer", one.texts["text"])
    other = replace(one, texts=one.texts.set_column(5, "text", texts))
    with pytest.raises(
        DataError, match=r"the right answer to item 's3' in ar of sentences .* 'another answer' in"
    ):
        joined(one, other)


def test_two_runs_with_another_picture_as_right_answer_are_refused(run: Path) -> None:
    one = Explored.read(run)
    assert one.texts is not None
    place = one.texts.column_names.index("picture")
    right = pc.and_(pc.equal(one.texts["role"], "right"), pc.equal(one.texts["picture"], "p3"))
    pictures = pc.if_else(right, "p4", one.texts["picture"])
    other = replace(one, texts=one.texts.set_column(place, "picture", pictures))
    with pytest.raises(DataError, match=r"right answer to item 'p3' in ar of photo.* is 'p3' in"):
        joined(one, other)


def test_two_runs_with_another_metric_or_protocol_are_refused(run: Path) -> None:
    one = Explored.read(run)
    targets = tuple(each.model_copy(update={"metric": "mrr"}) for each in one.targets)
    with pytest.raises(
        DataError, match=r"metric of photographs is 'top1_accuracy' in the first run and 'mrr' in"
    ):
        joined(one, replace(one, targets=targets))

    def protocols(**facts: str) -> dict[str, dict[str, Any]]:
        return {name: {**known, **facts} for name, known in one.protocols.items()}

    strict, loose = (replace(one, protocols=protocols(ties=ties)) for ties in ("strict", "loose"))
    with pytest.raises(DataError, match=r"'ties' of the protocol .* is 'strict' in .* 'loose' in"):
        joined(strict, loose)
    assert joined(strict, one).runs == ("made-up", "made-up-2")  # an earlier version: not known


def test_two_ways_of_reading_vectors_are_noted(run: Path) -> None:
    one = Explored.read(run)
    sides = [
        replace(
            one, protocols={name: {**f, "pooling": pooling} for name, f in one.protocols.items()}
        )
        for pooling in ("mean", "cls")
    ]
    words = "`pooling` is 'mean' in the first run and 'cls' in the second"
    assert any(words in note for note in joined(*sides).notes)
    assert not any("two ways" in note for note in joined(one, one).notes)


def test_a_sentence_on_an_arm_that_both_runs_have_names_its_run(run: Path, other: Path) -> None:
    one, two = Explored.read(run), Explored.read(other)
    sentences = [each.sentence for each in joined(one, two).verdicts]
    assert sentences[0] == "In `made-up`: `text` scored 10.0 points higher on sentences."
    assert sentences[-1].startswith("In `other`: `image-shuffled` scored")
    alone = [each.model_copy(update={"arm": "new", "against": "old"}) for each in two.verdicts]
    unlike = joined(one, replace(two, verdicts=tuple(alone)))
    assert unlike.verdicts[-1].sentence == two.verdicts[-1].sentence


def test_two_runs_without_a_shared_target(run: Path, other: Path, tmp_path: Path) -> None:
    one = Explored.read(run)
    alone = joined(one, one)  # keeps both targets
    assert {target.name for target in alone.targets} == {"sentences", "photographs"}
    outcomes = one.outcomes.filter(pc.field("target") == "photographs")

    with pytest.raises(DataError, match="share no target: photographs; and sentences"):
        joined(replace(one, outcomes=outcomes), Explored.read(other))


# The command


def test_the_command_writes_the_page(
    run: Path,
    other: Path,
    tmp_path: Path,
    crosslift: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_file, "built_page", lambda: TEMPLATE)
    done = crosslift("explore", str(run), str(other), "--out", str(tmp_path / "both.html"))
    assert done.code == 0 and "no verdict compares" in " ".join(done.out.split())
    assert "other/text" in (tmp_path / "both.html").read_text(encoding="utf-8")
    assert crosslift("explore", str(run)).code == 0 and (run / EXPLORER_PAGE).is_file()
    (run / EXPLORER_PAGE).unlink()
