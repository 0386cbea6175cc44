"""Each view of the page shows what its data say."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
from explorer_packs import Pack
from explorer_screen import Screen
from selenium.webdriver.common.keys import Keys

ITEMS = "sentences/items"
TEXT, IMAGE = 1, 2


def _kinds(pack: Pack, arm: int, block: str = ITEMS) -> np.ndarray:
    """0 gained, 1 lost, 2 both right, 3 both wrong, against the baseline, by the majority of seeds."""
    now = pack.right(block, arm) * 2 > len(pack.facts["arms"][arm]["seeds"])
    before = pack.right(block, 0) > 0
    return np.where(now, np.where(before, 2, 0), np.where(before, 1, 3))


def _difference(pack: Pack, arm: str, code: str | None) -> dict[str, float]:
    return next(
        each
        for each in pack.facts["differences"]
        if (each["target"], each["arm"], each["language"]) == ("sentences", arm, code)
    )


def _number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").lstrip("▲▼○≈·"))


def test_the_matrix_shows_differences_and_intervals(screen: Screen, page: Path, pack: Pack) -> None:
    screen.open(page)
    cell = "td[data-arm=image][data-language=de]"
    expected = _difference(pack, "image", "de")
    assert _number(screen.text(f"{cell} > span")) == round(expected["difference"], 1)
    label = str(screen.one(cell).get_attribute("aria-label"))
    assert (
        label.startswith("German, image: ")
        and f"{expected['low']:.1f}, {expected['high']:.1f}" in label
    )
    assert screen.text("td[data-arm=image][data-language=''] .sign") == "▲"
    groups = screen.texts(".matrix .group")
    assert groups[:2] == ["Germanic", "Semitic"] and groups[-1] == "Families of one language"
    screen.click("[data-key=show-intervals]")
    assert screen.address["show"] == "intervals"
    assert f"[{expected['low']:.1f}, {expected['high']:.1f}]" in screen.text(cell)
    screen.click("[data-key=show-levels]")
    level = next(
        each["level"]
        for each in pack.facts["levels"]
        if (each["target"], each["arm"], each["language"]) == ("sentences", "image", "de")
    )
    assert _number(screen.text(cell)) == round(level, 1)
    screen.click("[data-key=group-script]")
    assert screen.texts(".matrix .group")[0] == "Latn"


def test_a_cell_leads_to_its_items(screen: Screen, page: Path, pack: Pack) -> None:
    screen.open(page)
    screen.click("td[data-arm=image][data-language=de]")
    screen.wait(".view.items .row")
    assert screen.address == {"view": "items", "arm": "image", "language": "de"}
    assert set(screen.texts(".row .code")) == {"de"}
    assert "30 items of 240" in screen.text(".found")
    verdict = screen.text(".verdict")
    assert _difference(pack, "image", None)["sentence"].replace("`", "") in verdict
    assert "95% interval of this language alone" in verdict


def test_items_are_counted_and_filtered(screen: Screen, page: Path, pack: Pack) -> None:
    screen.open(page, "view=items&arm=image")
    screen.wait(".facet.class")
    counts = [int(text) for text in screen.texts(".facet.class .num")]
    assert counts == np.bincount(_kinds(pack, IMAGE), minlength=4).tolist()
    screen.click(".facet.class [data-value=gained]")
    assert f"{counts[0]} items of 240" in screen.text(".found")
    assert set(screen.texts(".row > .sign")) == {"▲"}
    screen.click(".facet.seeds [data-value='3']")
    sure = int(((pack.right(ITEMS, IMAGE) == 3) & (_kinds(pack, IMAGE) == 0)).sum())
    assert f"{sure} items of 240" in screen.text(".found")
    screen.click(".facet.clean [data-value='0']")
    clean = pack.column(ITEMS, "item/clean") == 0
    both = int((clean & (pack.right(ITEMS, IMAGE) == 3) & (_kinds(pack, IMAGE) == 0)).sum())
    assert screen.text(".found").startswith(f"{both} item") or f"{both} item" in screen.text(
        ".found"
    )
    screen.click("[data-key=clear]")
    assert "240 items of 240" in screen.text(".found") and screen.address == {
        "view": "items",
        "arm": "image",
    }
    lengths = pack.column(ITEMS, "item/length")
    screen.click(".facet.length [data-value='17-32']")
    assert f"{int(((lengths >= 17) & (lengths <= 32)).sum())} items" in screen.text(".found")


def test_items_are_searched(screen: Screen, page: Path) -> None:
    screen.open(page, "view=items")
    query = screen.wait(".ask .text").text
    field = screen.one("[data-key=search]")
    field.send_keys(query.upper())
    screen.until("location.hash.includes('search=')")
    assert "1 item of 240" in screen.text(".found")
    assert screen.driver.switch_to.active_element == field
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("no such words")
    screen.until("document.querySelector('.found').innerText.includes('No item')")
    assert screen.one(".list").is_displayed() is False
    assert "Select an item" in screen.text(".detail")


def test_an_item_shows_what_each_arm_found(screen: Screen, page: Path, pack: Pack) -> None:
    screen.open(page, "view=items&arm=image&order=data")
    screen.wait(".side-arm .ranks")
    titles = [text.split("control")[0] for text in screen.texts(".side-arm h3 .arm")]
    assert titles == ["image", "baseline", "image-shuffled"]
    found = pack.column(ITEMS, f"found/{IMAGE}/1/content").reshape(-1, 5)[0]
    scores = pack.column(ITEMS, f"found/{IMAGE}/1/score").reshape(-1, 5)[0] * 0.004
    shown = screen.texts(".side-arm:first-child .ranks li:not(.gap) .answer")
    ends = pack.column("sentences/contents", "texts/ends")
    pool = pack.blocks["sentences/contents"]
    start = pack.facts["blocks"]["sentences/contents"]["columns"]["texts/bytes"]["offset"]
    texts = [pool[start + ends[each - 1] : start + ends[each]].decode() for each in found]
    assert shown == texts
    numbers = screen.texts(".side-arm:first-child .ranks li:not(.gap) .num")
    assert [float(each.split()[-1]) for each in numbers] == np.round(scores, 3).tolist()
    screen.click(".side-arm:first-child [data-key$='-2']")
    assert screen.address["seed"] == "2"
    assert screen.texts(".others .arm") == ["text", "image-locked"]


def test_scores_after_postprocessing_say_so(screen: Screen, tmp_path: Path, pack: Pack) -> None:
    changed = copy.deepcopy(pack)
    changed.facts["arms"][0]["postprocessing"] = ["centre"]
    changed.facts["arms"][IMAGE]["postprocessing"] = ["centre", "csls"]
    changed.write(tmp_path / "page.html")
    screen.open(tmp_path / "page.html", "view=items&arm=image")
    screen.wait(".side-arm .ranks")
    assert screen.texts(".side-arm > .small") == [
        "Scores after centre, csls: not cosines.",
        "Scores after centre: cosines of changed vectors.",
    ]


def test_pictures_are_shown_and_sides_follow_the_script(screen: Screen, page: Path) -> None:
    screen.open(page, "view=items&arm=image&target=pictures&language=ar")
    picture = screen.wait(".ranks img")
    screen.until(
        "[...document.querySelectorAll('.ranks img')]"
        ".every(each => each.complete && each.naturalWidth === 64)"
    )
    assert str(picture.get_attribute("alt")).startswith("picture ")
    text = screen.one(".ask .text")
    assert text.get_attribute("dir") == "rtl" and text.get_attribute("lang") == "ar"
    assert text.value_of_css_property("direction") == "rtl"


def test_flips_are_counted(screen: Screen, page: Path, pack: Pack) -> None:
    screen.open(page, "view=flips&arm=text")
    counts = np.bincount(_kinds(pack, TEXT), minlength=4)
    assert [int(text) for text in screen.texts(".figures b")] == counts.tolist()
    german = pack.column(ITEMS, "item/language") == 1
    row = next(text for text in screen.texts(".diverging tbody tr") if text.startswith("German"))
    by_kind = np.bincount(_kinds(pack, TEXT)[german], minlength=4)
    assert row.startswith(f"German{by_kind[1]}{by_kind[0]}")
    cells = sum(int(text) for text in screen.texts(".agreement td:not(:empty)"))
    assert cells == 240
    surest = screen.texts(".columns section:nth-child(1) .surest li:first-child .strip i")
    assert len(surest) == 4  # three seeds, and the one of the baseline
    fills = screen.value(
        "[...document.querySelectorAll('.surest li:first-child .strip i')].slice(0, 4)"
        ".map(each => each.style.getPropertyValue('--fill'))"
    )
    assert fills == ["1", "1", "1", "0"]
    screen.click(".figures li:first-child a")
    screen.wait(".view.items .row")
    assert screen.address["class"] == "gained"


def test_hubs_are_the_answers_found_wrongly(screen: Screen, page: Path, pack: Pack) -> None:
    screen.open(page, "view=hubs&arm=text")
    rights = pack.column(ITEMS, "item/right")
    wrong = np.zeros(2 * len(rights))
    for seed in (1, 2, 3):
        found = pack.column(ITEMS, f"found/{TEXT}/{seed}/content").reshape(-1, 5)
        np.add.at(wrong, found[found != rights[:, None]], 1 / 3)
    shown = [
        _number(text.split(" ")[0]) for text in screen.texts(".hubs-table td:nth-child(2) .num")
    ]
    assert max(shown) == round(wrong.max(), 1)
    assert len(screen.texts(".view.hubs section:first-of-type tbody tr")) == 5


def test_several_right_answers_are_not_called_right_or_wrong(
    screen: Screen, tmp_path: Path, pack: Pack
) -> None:
    """The page knows one of them: another at rank 1 is right too, and no hub."""
    changed = copy.deepcopy(pack)
    changed.facts["targets"][0]["protocols"][0]["several_right"] = True
    shown = []
    for each in (pack, changed):
        each.write(tmp_path / "page.html")
        screen.open(tmp_path / "page.html", "view=items&arm=image&order=sure")
        screen.wait(".side-arm .ranks")
        shown.append(screen.text(".detail"))
        ticks = screen.all(".ranks .tick, .ranks .right, .others .right")
        assert bool(ticks) == (each is pack)
    assert "is not among the first 5" in shown[0] and "is not among" not in shown[1]
    assert "a right answer (there may be others)" in shown[1].lower()
    screen.open(tmp_path / "page.html", "view=hubs&arm=text")
    times = np.zeros(2 * len(pack.column(ITEMS, "item/right")))
    for seed in (1, 2, 3):
        found = pack.column(ITEMS, f"found/{TEXT}/{seed}/content").reshape(-1, 5)
        np.add.at(times, found, 1 / 3)
    counted = screen.texts(".hubs-table td:nth-child(2) .num")
    assert max(float(text) for text in counted) == round(times.max(), 1)
    assert "wrongly" not in screen.text(".hubs-table")


def test_the_map_lists_the_points_that_moved_most(screen: Screen, page: Path, pack: Pack) -> None:
    screen.open(page, "view=map&arm=image")
    block = "sentences/map"
    (x, y), (x0, y0) = (
        [pack.column(block, f"map/{arm}/{axis}") for axis in "xy"] for arm in (IMAGE, 0)
    )
    spread = np.sqrt(((x0 - x0.mean()) ** 2 + (y0 - y0.mean()) ** 2).mean())
    moved = np.hypot(x - x0, y - y0) / spread
    shown = [_number(text) for text in screen.texts(".moved .num")]
    assert np.allclose(shown, np.sort(moved)[::-1][:25], atol=0.0501)
    for place in (0, 1):
        assert screen.value(
            f"document.querySelectorAll('canvas.map')[{place}].getContext('2d')"
            ".getImageData(0, 0, 400, 400).data.some(each => each > 0)"
        )
    screen.click(".moved button")
    assert screen.address["point"] and "moved by" in screen.text(".about")
    screen.click("[data-key=colour-family]")
    assert "Germanic" in screen.text(".key")


def test_curves_and_budgets_are_drawn(screen: Screen, page: Path) -> None:
    screen.open(page, "view=curves&arm=image&against=text")
    assert len(screen.all("polyline.curve")) == 4 * 3
    assert len(screen.all("polyline.dashed")) == 3  # the control's
    assert "image and text differ in" in screen.text("main")
    heads = screen.texts(".bars thead th")
    assert heads == ["Arm", "updates", "examples", "tokens", "seconds"]
    assert "captions: recall at 1" in screen.text(".plots")


def test_no_winner_without_a_verdict(screen: Screen, page: Path) -> None:
    for view in ("matrix", "items", "flips"):
        screen.open(page, f"view={view}&arm=image&against=text&language=de")
        verdict = screen.text(".verdict")
        assert "no verdict" in verdict and "did not compare these two" in verdict
        assert not {"higher", "lower", "better", "worse"} & set(verdict.split())
    screen.open(page, "view=flips&arm=baseline&against=image")
    verdict = screen.text(".verdict")  # as the run compared them, with the mark of its sentence
    assert "▲" in verdict and "image scored" in verdict and "interval" in verdict
