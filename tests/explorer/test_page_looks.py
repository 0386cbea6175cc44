"""The page fits every window, in light and dark, and nothing of it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from explorer_screen import Screen

VIEWS = ("matrix", "items", "flips", "hubs", "map", "curves")
WIDTHS = (390, 768, 1280)
LEAST_CONTRAST = 4.5
CONTRAST = """
const luminance = colour => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const parts = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map(each => each / 255)
    .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
};
const paper = element => {
  for (let each = element; each; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    if (!/^rgba\\(0, 0, 0, 0\\)$|transparent/.test(colour)) return colour;
  }
  return "white";
};
const worst = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some(each => each.nodeType === 3 && each.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest("svg, option, script, .frame")) continue;
  const ink = luminance(getComputedStyle(element).color);
  const [a, b] = [ink, luminance(paper(element))].sort((x, y) => y - x);
  worst.push([(a + 0.05) / (b + 0.05), element.className + ": " + element.textContent.slice(0, 40)]);
}
return worst.sort((x, y) => x[0] - y[0])[0];
"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("view", VIEWS)
def test_the_page_is_never_wider_than_the_window(
    screen: Screen, page: Path, view: str, width: int
) -> None:
    screen.open(page, f"view={view}&arm=image&target=pictures&language=ar", width=width)
    screen.wait(f".view.{view}")
    wide = screen.value("document.documentElement.scrollWidth")
    assert wide <= width, f"{wide} pixels of {width}"
    if width >= 768:
        return
    screen.driver.execute_script(
        "document.querySelectorAll('details').forEach(each => each.open = true)"
    )
    assert screen.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_text_has_contrast(screen: Screen, page: Path, view: str, dark: bool) -> None:
    screen.open(page, f"view={view}&arm=image&language=de", dark=dark)
    screen.wait(f".view.{view}")
    ratio, text = screen.driver.execute_script(CONTRAST)
    assert ratio >= LEAST_CONTRAST, text


def test_light_and_dark_follow_the_system(screen: Screen, page: Path) -> None:
    colours = {}
    for dark in (False, True):
        screen.open(page, "arm=image", dark=dark)
        colours[dark] = (
            screen.one("body").value_of_css_property("background-color"),
            screen.one("thead .shape").value_of_css_property("stroke"),
        )
    assert all(light != dark for light, dark in zip(colours[False], colours[True], strict=True))


def test_a_cut_table_says_so(screen: Screen, page: Path) -> None:
    screen.open(page, width=390)
    screen.until("document.querySelector('.scroll').hasAttribute('data-cut')")
    assert "more columns" in screen.value(
        "getComputedStyle(document.querySelector('.scroll'), '::before').content"
    )
    assert screen.one(".scroll").get_attribute("tabindex") == "0"


def test_nothing_moves_where_less_motion_is_preferred(screen: Screen, page: Path) -> None:
    screen.open(page, "view=items")
    screen.wait(".facet button")
    moving = screen.value(
        "[...document.querySelectorAll('*')].map(each => getComputedStyle(each))"
        ".filter(each => each.transitionDuration !== '0s' || each.animationName !== 'none').length"
    )
    assert moving == 0


def test_nothing_is_refused_and_nothing_fails(screen: Screen, page: Path) -> None:
    screen.log()
    for view in VIEWS:
        screen.open(page, f"view={view}&target=pictures&arm=image")
        screen.wait(f".view.{view}")
    assert screen.log() == []
