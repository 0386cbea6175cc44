"""Whatever the data are, the page says what it cannot show, and runs nothing that a text holds."""

from __future__ import annotations

import copy
import functools
import gzip
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorer_packs import Pack, large_pack, small_pack
from explorer_screen import Screen

MOST_BYTES = 25_000_000
MOST_SECONDS = 30.0
"""For the first view on a busy machine; measured by hand it is about a second on two idle cores."""
RLO, PDF, ISOLATE = "\u202e", "\u202c", "\u2067"
HOSTILE = (
    "<script>document.title = 'attacked'</script>",
    "</script><img src=x onerror=\"document.title = 'attacked'\">",
    f"{RLO}right to left{PDF} and {ISOLATE}an isolate that never ends",
    "<!--blocks--><!--facts--><!--",
    "&lt;b&gt;entities&amp;",
    "javascript:document.title='attacked'",
    "lone \ud83d surrogates",
    "a\0zero and a \u2028 separator",
    "",
    "x" * 10_000,
    "ﷺ" * 3_000,
)


def _open(screen: Screen, pack: Pack, tmp_path: Path, address: str = "") -> None:
    screen.open(pack.write(tmp_path / "page.html"), address)


def _changed(pack: Pack, **facts: Any) -> Pack:
    changed = copy.deepcopy(pack)
    changed.facts.update(facts)
    return changed


def test_hostile_texts_are_only_texts(screen: Screen, tmp_path: Path) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
    pack = small_pack(texts=texts)
    attack = HOSTILE[1]
    pack.facts.update(title=attack, question=attack, runs=[attack], notes=[attack, HOSTILE[0]])
    pack.facts["languages"][0]["name"] = attack
    pack.facts["arms"][1]["name"] = attack
    for each in (*pack.facts["levels"], *pack.facts["differences"], *pack.facts["curves"]):
        if each["arm"] == "text":
            each["arm"] = attack
    screen.log()
    for view in ("matrix", "items", "flips", "hubs", "map", "curves"):
        _open(screen, pack, tmp_path, f"view={view}&order=data&arm=image")
        screen.wait(f".view.{view}")
        assert "attacked" not in screen.driver.title.replace(attack, "")
        assert not screen.all("#page img[src=x], #page script") and attack in screen.text()
        assert screen.value("document.documentElement.scrollWidth") <= 1280
    assert [each for each in screen.log() if "Refused" in each["message"]] == []
    _open(screen, pack, tmp_path, "view=items&order=data")
    rows = screen.wait(".list")
    shown = [str(text) for text in screen.texts(".row .text")]
    assert shown[0] == HOSTILE[0] and shown[2] == HOSTILE[2] and rows.is_displayed()
    assert len(shown[9]) < 400  # a row is cut
    assert screen.one(".row .text").value_of_css_property("unicode-bidi") == "isolate"


def test_a_long_text_is_shown_in_full_on_request(screen: Screen, tmp_path: Path) -> None:
    _open(screen, small_pack(texts=HOSTILE[9:]), tmp_path, "view=items&search=xxxx")
    button = screen.wait(".ask button")
    assert button.text == "Show all 10,000 characters"
    screen.click(".ask button")
    assert screen.text(".ask .text") == "x" * 10_000
    assert screen.value("document.documentElement.scrollWidth") <= 1280


def test_a_run_without_items_shows_its_scores(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    for target in changed.facts["targets"]:
        target.update(contents=None, map=None)
        target["protocols"][0]["block"] = None
    changed.blocks = {}
    _open(screen, changed, tmp_path)
    assert screen.texts(".tabs a") == ["Languages", "Curves and budgets"]
    screen.click("td[data-arm=image][data-language=de]")
    assert screen.all(".matrix") and "Languages" in screen.driver.title


def test_one_target_without_items_says_so(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    changed.facts["targets"][1].update(map=None)
    changed.facts["targets"][1]["protocols"][0]["block"] = None
    for view, words in (
        ("items", "keeps no items"),
        ("flips", "keeps no items"),
        ("map", "kept no vectors"),
    ):
        _open(screen, changed, tmp_path, f"view={view}&target=pictures")
        assert words in screen.wait(".empty").text


@pytest.mark.parametrize("view", ["items", "flips", "hubs"])
@pytest.mark.parametrize("fault", ["cut", "missing", "changed", "short"])
def test_a_damaged_block_is_said(
    screen: Screen, tmp_path: Path, pack: Pack, view: str, fault: str
) -> None:
    text = pack.page()
    start = text.index('data-name="sentences/items">') + len('data-name="sentences/items">')
    end = text.index("</script>", start)
    if fault == "short":
        damaged = copy.deepcopy(pack)
        damaged.facts["blocks"]["sentences/items"]["bytes"] += 8
        text = damaged.page()
    elif fault == "missing":
        text = text[: text.index("<script", start - 100)]
    else:
        text = (
            text[: start + 4000]
            if fault == "cut"
            else text[:start] + "!" + text[start + 1 : end] + text[end:]
        )
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    screen.open(path, f"view={view}")
    fault_text = screen.wait("main .fault").text
    assert "sentences/items" in fault_text and "again" in fault_text
    screen.click("[data-key=tab-matrix]")
    assert screen.wait(".matrix td")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.98])
def test_a_file_that_was_cut_off_is_never_blank(
    screen: Screen, tmp_path: Path, pack: Pack, part: float
) -> None:
    text = pack.page()
    path = tmp_path / "page.html"
    path.write_text(
        text[: int(part * text.index("<!--" if "<!--" in text else "</body>"))], encoding="utf-8"
    )
    screen.open(path)
    assert len(screen.text().strip()) > 40


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"format": 2}, "the format 2"),
        ({"targets": []}, "no targets"),
        ({"arms": []}, "no arms"),
        ({"levels": None}, "levels"),
    ],
    ids=["format", "targets", "arms", "levels"],
)
def test_facts_that_cannot_be_shown_are_said(
    screen: Screen, tmp_path: Path, pack: Pack, facts: dict[str, Any], words: str
) -> None:
    _open(screen, _changed(pack, **facts), tmp_path)
    assert words in screen.wait(".fault").text


def test_facts_that_are_no_json_are_said(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "page.html"
    path.write_text(pack.page().replace('"format": 1', '"format": NaN'), encoding="utf-8")
    screen.open(path)
    assert "damaged" in screen.wait(".fault").text


def test_numbers_that_are_missing_are_dashes(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    for each in changed.facts["levels"]:
        if each["language"] == "de":
            each.update(level=None, seeds=[None] * len(each["seeds"]))
    for each in changed.facts["differences"]:
        each.update({"low": None, "high": None, "mark": None, "sentence": None})
        if each["language"] == "de":
            each["difference"] = None
    changed.facts["curves"][0]["values"] = [None] * 5
    for arm in changed.facts["arms"]:
        arm["budget"]["tokens"] = None
    for view in ("matrix", "items", "flips", "curves"):
        _open(screen, changed, tmp_path, f"view={view}&language=de&arm=image")
        screen.wait(f".view.{view}")
        assert not screen.all("main .fault")
        assert (
            "NaN" not in screen.text()
            and "null" not in screen.text()
            and "undefined" not in screen.text()
        )
    _open(screen, changed, tmp_path, "arm=image")
    assert screen.text("td[data-arm=image][data-language=de]") == "–"
    assert "no interval" in screen.text(".verdict") and "without a verdict" in screen.text(
        ".verdict"
    )


def test_an_interval_that_is_not_corrected_says_so(
    screen: Screen, tmp_path: Path, pack: Pack
) -> None:
    """One seed of an arm: the run has a plain interval and a sentence, and no verdict."""
    changed = copy.deepcopy(pack)
    for each in changed.facts["differences"]:
        if each["arm"] == "text":
            each.update(mark=None, corrected=False)
    _open(screen, changed, tmp_path, "arm=text")
    read = {}
    for arm in ("text", "image"):
        screen.driver.execute_script(
            f"document.querySelector(\"td[data-arm={arm}][data-language='']\")"
            ".dispatchEvent(new MouseEvent('mouseenter'))"
        )
        read[arm] = screen.text(".readout")
    assert "(not corrected)" in read["text"] and "(corrected)" in read["image"]
    assert "no verdict" in screen.text(".verdict") and "inconclusive" not in screen.text()


def test_two_hundred_arms_fit(screen: Screen, tmp_path: Path) -> None:
    pack = small_pack(arms=200, items=80, pictures=False)
    for view in ("matrix", "items", "flips", "hubs", "map", "curves"):
        _open(screen, pack, tmp_path, f"view={view}&arm=arm-150&against=arm-20")
        screen.wait(f".view.{view}")
        assert not screen.all(".fault")
        assert screen.value("document.documentElement.scrollWidth") <= 1280
    _open(screen, pack, tmp_path)
    assert len(screen.all("thead th")) == 201


@pytest.mark.parametrize("width", [390, 1280])
def test_twenty_seeds_fit(screen: Screen, tmp_path: Path, width: int) -> None:
    page = small_pack(arms=3, seeds=20, pictures=False).write(tmp_path / "page.html")
    screen.open(page, "view=items&arm=image", width=width)
    screen.wait(".side-arm .toggles")
    assert screen.texts(".side-arm:first-child .strip") == ["20/20"]
    assert screen.value("document.documentElement.scrollWidth") <= width


def test_a_selection_without_items_says_so(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    changed.facts["targets"][0]["protocols"][0]["languages"] = []
    _open(screen, changed, tmp_path)
    assert "no scores" in screen.wait(".empty").text
    _open(screen, pack, tmp_path, "view=items&class=lost&search=qqqq")
    screen.wait(".found")
    assert "No item has all of these properties" in screen.text(".found")
    screen.click("[data-key=clear]")
    assert screen.all(".row")


def test_an_arm_that_was_not_measured_is_said(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    described = changed.facts["blocks"]["sentences/items"]["columns"]
    for name in [name for name in described if name.split("/")[1] == "2"]:
        del described[name]
    _open(screen, changed, tmp_path, "view=items&arm=image")
    assert "did not measure the items of image" in screen.wait(".empty").text
    assert "not measured" in screen.text(".detail")
    _open(screen, changed, tmp_path, "view=flips&arm=image")
    assert "did not measure both arms" in screen.wait(".empty").text


def test_answers_that_were_not_kept_are_said(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    described = changed.facts["blocks"]["sentences/items"]["columns"]
    for name in [name for name in described if name.startswith("found/")]:
        del described[name]
    _open(screen, changed, tmp_path, "view=items")
    screen.wait(".side-arm")
    assert "did not keep what this arm found" in screen.text(".detail")
    _open(screen, changed, tmp_path, "view=hubs")
    assert "hubs cannot be counted" in screen.wait(".empty").text


@pytest.mark.parametrize("arm", [0, 2], ids=["baseline", "image"])
def test_an_item_without_an_outcome_is_not_wrong(
    screen: Screen, tmp_path: Path, pack: Pack, arm: int
) -> None:
    changed = _with_outcomes(pack, f"outcome/{arm}/{min(arm, 1)}", [np.nan] * 40)
    now, before = pack.right("sentences/items", 2) > 1, pack.right("sentences/items", 0) > 0
    kinds = np.where(now, np.where(before, 2, 0), np.where(before, 1, 3))
    _open(screen, changed, tmp_path, "view=flips&arm=image")
    screen.wait(".figures")
    counts = [int(text) for text in screen.texts(".figures b")]
    assert counts == np.bincount(kinds[40:], minlength=4).tolist()
    assert sum(int(text) for text in screen.texts(".agreement td:not(:empty)")) == 200
    assert "200 items: " in screen.text(".counts")
    _open(screen, changed, tmp_path, "view=items&arm=image&order=data")
    screen.wait(".detail .sign")
    assert "no outcome" in screen.text(".detail .eyebrow").lower()
    seeds = [int(text) for text in screen.texts(f".facet.{'other' if arm == 0 else 'seeds'} .num")]
    assert sum(seeds) == 200


def _with_outcomes(pack: Pack, column: str, first: list[float]) -> Pack:
    """A page in which the first outcomes of an arm and seed are replaced."""
    name = "sentences/items"
    columns: dict[str, Any] = {}
    for each, described in pack.facts["blocks"][name]["columns"].items():
        scale = {key: described[key] for key in ("scale", "zero") if key in described}
        columns[each] = (pack.column(name, each), scale)
    stored, scale = columns[column]
    outcomes = (stored * scale["scale"]).astype(np.float32)
    outcomes[: len(first)] = first
    changed = copy.deepcopy(pack)
    changed.add(name, {**columns, column: outcomes})
    return changed


def test_graded_outcomes_are_better_or_worse(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    changed.facts["targets"][0]["protocols"][0].update(right=False, higher_is_better=False)
    _open(screen, changed, tmp_path, "view=flips&arm=image")
    screen.wait(".figures")
    assert [text.split(" ", 1)[1] for text in screen.texts(".figures a span")] == [
        "better",
        "worse",
        "the same",
    ]
    more = (pack.right("sentences/items", 2) > 0) & (pack.right("sentences/items", 0) == 0)
    assert screen.texts(".figures b")[1] == str(int(more.sum()))  # lower is better: they are worse


def test_letters_without_a_font_are_said(screen: Screen, tmp_path: Path) -> None:
    """Toto has been in Unicode since 2021; a computer with a font for it has nothing to say."""
    pack = small_pack(texts=["\U0001e290\U0001e291\U0001e292"])
    pack.facts["languages"][0].update(code="txo", name="Toto", script="Toto", rtl=False)
    _open(screen, pack, tmp_path, "view=items&order=data")
    boxes = "This computer has no font for Toto" in screen.wait(".ask").text
    drawn = """
    const drawn = letter => {
      const canvas = document.createElement("canvas");
      const pen = canvas.getContext("2d");
      pen.font = "24px system-ui, sans-serif";
      pen.fillText(letter, 2, 26);
      return canvas.toDataURL();
    };
    return drawn("\\u{1e290}") === drawn("\\u{10fffe}");
    """
    assert boxes == screen.driver.execute_script(drawn)


def test_a_page_with_a_folder_needs_a_server(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    text = re.sub(
        r'data-name="sentences/items">[^<]*<',
        'data-name="sentences/items" data-src="blocks/0.gz"><',
        pack.page(),
    )
    path = tmp_path / "index.html"
    path.write_text(text, encoding="utf-8")
    screen.open(path, "view=items")
    assert "needs a web server" in screen.wait("main .fault").text
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "0.gz").write_bytes(gzip.compress(pack.blocks["sentences/items"]))
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        screen.driver.get(f"http://127.0.0.1:{server.server_port}/#view=items")
        assert screen.wait(".row") and "240 items of 240" in screen.text(".found")
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder and writes no log."""

    def log_message(self, *_: Any) -> None:
        pass


def test_the_large_page_is_small_and_opens(screen: Screen, tmp_path: Path) -> None:
    """Ten arms, 36 languages, 40,000 queries, all answers of all seeds."""
    path = large_pack().write(tmp_path / "large.html")
    assert path.stat().st_size < MOST_BYTES
    screen.open(path)
    screen.wait(".matrix td")
    first = screen.value("performance.getEntriesByName('view matrix')[0].startTime") / 1000
    assert first < MOST_SECONDS
    screen.click("[data-key=tab-items]")
    screen.wait(".view.items .row")
    assert (
        screen.one(".row").get_attribute("aria-setsize") == "40000" and len(screen.all(".row")) < 80
    )
    screen.driver.execute_script("document.querySelector('.list').scrollTop = 1e9")
    screen.until("document.querySelector('[aria-posinset=\"40000\"]')")
