"""Every state has an address, and everything works from the keyboard."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from explorer_screen import Screen
from selenium.webdriver.common.keys import Keys

ADDRESSES = {
    "matrix": "target=pictures&language=ru&arm=image&show=levels&group=change",
    "items": "view=items&arm=image&against=text&language=fi&class=lost&order=short",
    "items-search": "view=items&search=a&seeds=2&arm=image&clean=1",
    "flips": "view=flips&arm=image-shuffled&against=image&target=pictures",
    "hubs": "view=hubs&language=he&arm=text",
    "map": "view=map&arm=image-locked&colour=script&language=ja",
    "curves": "view=curves&arm=text",
}
SHOWN = "document.querySelector('#page').innerText"


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_shows_the_same_state_again(screen: Screen, page: Path, address: str) -> None:
    screen.open(page, address)
    asked = dict(parse_qsl(address))
    screen.wait(f".view.{asked.get('view', 'matrix')}")
    bar = screen.value(
        "Object.fromEntries([...document.querySelectorAll('.bar select')]"
        ".map(each => [each.dataset.key, each.value]))"
    )
    assert all(bar[key] == asked[key] for key in bar if key in asked)
    for key in ("show", "group", "colour"):
        if key in asked:
            assert (
                screen.one(f"[data-key={key}-{asked[key]}]").get_attribute("aria-pressed") == "true"
            )
    for key in ("class", "seeds", "clean"):
        if key in asked:
            assert (
                screen.one(f"[data-key={key}-{asked[key]}]").get_attribute("aria-pressed") == "true"
            )
    assert not screen.all(".fault")
    shown = screen.value(SHOWN)
    link = screen.value("location.href")
    screen.driver.get("about:blank")
    screen.driver.get(link)
    screen.wait(f".view.{asked.get('view', 'matrix')}")
    assert screen.value(SHOWN) == shown


def test_a_selected_item_has_an_address(screen: Screen, page: Path) -> None:
    screen.open(page, "view=items&arm=image")
    screen.click(".row:nth-child(4)")
    text = screen.text(".ask")
    address = screen.value("location.hash.slice(1)")
    assert "item=" in address
    screen.open(page, address)
    screen.wait(".ask .text")
    assert screen.text(".ask") == text
    assert screen.one(".row[aria-selected=true]").is_displayed()


def test_the_back_button_returns(screen: Screen, page: Path) -> None:
    screen.open(page)
    screen.click("td[data-arm=text][data-language=fi]")
    screen.wait(".view.items")
    screen.driver.back()
    screen.wait(".view.matrix")
    assert screen.address == {}
    screen.driver.forward()
    screen.wait(".view.items")
    assert screen.address["language"] == "fi"


def test_names_that_the_page_lacks_are_said(screen: Screen, page: Path) -> None:
    screen.open(page, "arm=nobody&target=nothing&language=xx&view=nowhere")
    faults = " ".join(screen.texts(".fault"))
    for name in ("nobody", "nothing", "xx"):
        assert f"“{name}”" in faults
    assert screen.all(".matrix td")


def test_the_selection_is_kept_between_views(screen: Screen, page: Path) -> None:
    screen.open(page, "arm=image&language=de&target=pictures&show=levels")
    for view in ("items", "flips", "hubs", "map", "curves", "matrix"):
        screen.click(f"[data-key=tab-{view}]")
        screen.wait(f".view.{view}")
        assert {
            "arm": "image",
            "language": "de",
            "target": "pictures",
        }.items() <= screen.address.items()
        current = screen.texts(".tabs [aria-current=page]")
        assert len(current) == 1


def test_the_first_tab_skips_to_the_view(screen: Screen, page: Path) -> None:
    screen.open(page)
    screen.one("body").send_keys(Keys.TAB)
    skip = screen.driver.switch_to.active_element
    assert skip.text == "Skip to the view" and skip.is_displayed()
    screen.press(Keys.ENTER)
    assert screen.value("document.activeElement.id") == "main" and screen.address == {}


def test_the_matrix_works_from_the_keyboard(screen: Screen, page: Path) -> None:
    screen.open(page)
    screen.driver.execute_script("document.querySelector('.matrix [tabindex=\"0\"]').focus()")
    screen.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    cell = screen.driver.switch_to.active_element
    assert cell.get_attribute("data-arm") == "image" and cell.get_attribute("data-language") == "en"
    assert screen.text(".readout").startswith("English, image: ")
    screen.press(Keys.END, Keys.PAGE_DOWN)
    assert screen.driver.switch_to.active_element.get_attribute("data-arm") == "image-locked"
    screen.press(Keys.HOME, Keys.PAGE_UP, Keys.ARROW_DOWN, Keys.ENTER)
    screen.wait(".view.items .row")
    assert screen.address["language"] == "en" and screen.address["arm"] == "baseline"


def test_the_list_works_from_the_keyboard(screen: Screen, page: Path) -> None:
    screen.open(page, "view=items&arm=image")
    screen.wait(".row")
    screen.driver.execute_script("document.querySelector('.list').focus()")
    screen.press(Keys.END)
    screen.until("document.querySelector('[aria-posinset=\"240\"]')")
    last = screen.one(".row[aria-selected=true]")
    assert last.get_attribute("aria-posinset") == "240" and last.is_displayed()
    assert screen.one(".list").get_attribute("aria-activedescendant") == last.get_attribute("id")
    assert len(screen.all(".row")) < 80
    item = screen.address["item"]
    screen.press(Keys.ARROW_UP)
    assert screen.address["item"] != item
    assert screen.value("document.activeElement.className") == "list"


def test_choices_keep_the_focus(screen: Screen, page: Path) -> None:
    screen.open(page, "view=flips")
    screen.driver.execute_script("document.querySelector('[data-key=arm]').focus()")
    screen.press(Keys.ARROW_DOWN)
    screen.until("location.hash.includes('arm=image')")
    screen.until("document.activeElement.dataset.key === 'arm'")
    screen.open(page)
    screen.driver.execute_script("document.querySelector('[data-key=show-levels]').focus()")
    screen.press(Keys.SPACE)
    screen.until(
        "document.querySelector('[data-key=show-levels]').getAttribute('aria-pressed') === 'true'"
    )
    screen.until("document.activeElement.dataset.key === 'show-levels'")


def test_everything_has_a_role_and_a_name(screen: Screen, page: Path) -> None:
    """Chromium's own accessibility tree: what can be operated has a name."""
    operated = {
        "button",
        "link",
        "combobox",
        "searchbox",
        "listbox",
        "option",
        "gridcell",
        "DisclosureTriangle",
    }
    for view in ("matrix", "items", "flips", "hubs", "map", "curves"):
        screen.open(page, f"view={view}&arm=image")
        screen.wait(f".view.{view}")
        tree = screen.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        roles = [
            (each["role"]["value"], each.get("name", {}).get("value", ""))
            for each in tree
            if not each["ignored"]
        ]
        assert {"main", "navigation", "heading"} <= {role for role, _ in roles}
        nameless = [role for role, name in roles if role in operated and not name.strip()]
        assert nameless == [], view
