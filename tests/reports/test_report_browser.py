"""The report in a real browser: light and dark, narrow and wide, by keyboard, and without script."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_mining_sample import write_mining_files
from report_sample import write_sample, write_vector_files
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from crosslift.reports.html import write_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="needs Chromium and its driver: apt-get install chromium chromium-driver",
)
WIDTHS = (390, 768, 1280)
OVERVIEW = "table.overview"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every kind of table: twelve arms, long titles, mining, vectors."""
    folder = write_sample(tmp_path_factory.mktemp("browser") / "run", arms=12)
    write_mining_files(folder)
    write_vector_files(folder)
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    facts["targets"][1]["title"] = "Tatoeba sentences (the first 400 pairs of each language)"
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    return write_report(folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


def _open(
    browser: webdriver.Chrome, page: Path, width: int, *, dark: bool = False, script: bool = True
) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 1500, "deviceScaleFactor": 1, "mobile": False},
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
    browser.get(page.as_uri())


def _value(browser: webdriver.Chrome, expression: str) -> Any:
    """The value of an expression in the page, without an element of the page."""
    answer = browser.execute_cdp_cmd(
        "Runtime.evaluate", {"expression": expression, "returnByValue": True}
    )
    assert "exceptionDetails" not in answer, answer
    return answer["result"].get("value")


def _arms(browser: webdriver.Chrome) -> list[str]:
    rows = browser.find_elements(By.CSS_SELECTOR, f"{OVERVIEW} tbody tr")
    return [row.find_element(By.TAG_NAME, "th").text.split("\n")[0] for row in rows]


def _levels(browser: webdriver.Chrome) -> list[float]:
    """The levels in the first column of targets, from the top."""
    cells = browser.find_elements(By.CSS_SELECTOR, f"{OVERVIEW} tbody tr td:nth-child(2) b")
    return [float(cell.text) for cell in cells]


def _heading(browser: webdriver.Chrome) -> WebElement:
    return browser.find_element(By.CSS_SELECTOR, f"{OVERVIEW} thead th:nth-child(2)")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_is_never_wider_than_the_window(
    browser: webdriver.Chrome, report: Path, width: int, dark: bool
) -> None:
    _open(browser, report, width, dark=dark)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert _value(browser, "innerWidth") == width
    wide = _value(browser, "document.documentElement.scrollWidth")
    assert wide <= width, f"{wide} pixels of {width}"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_cut_table_says_so(browser: webdriver.Chrome, report: Path, width: int) -> None:
    _open(browser, report, width)
    browser.execute_async_script(
        "document.querySelectorAll('details').forEach(each => each.open = true);"
        "requestAnimationFrame(() => requestAnimationFrame(arguments[0]));"
    )
    regions = browser.execute_script(
        "return [...document.querySelectorAll('.scroll')].map(each => ({"
        "  cut: each.scrollWidth > each.clientWidth + 1, marked: each.hasAttribute('data-cut'),"
        "  sign: getComputedStyle(each, '::before').content, reached: each.tabIndex === 0,"
        "  shadow: getComputedStyle(each).backgroundAttachment}))"
    )
    assert [each["marked"] for each in regions] == [each["cut"] for each in regions]
    cut = [each for each in regions if each["cut"]]
    assert (len(cut) > 0) or width == 1280
    for each in cut:
        assert "more columns" in each["sign"] and each["reached"]
        assert "local" in each["shadow"] and "scroll" in each["shadow"]  # the sign without script
    assert all(each["sign"] == "none" for each in regions if not each["cut"])


def test_light_and_dark_follow_the_system(browser: webdriver.Chrome, report: Path) -> None:
    papers = {}
    for dark in (False, True):
        _open(browser, report, 1280, dark=dark)
        body = browser.find_element(By.TAG_NAME, "body")
        paper, ink = (
            _brightness(body.value_of_css_property(p)) for p in ("background-color", "color")
        )
        papers[dark] = paper
        assert abs(paper - ink) > 150
        muted = browser.find_element(By.CSS_SELECTOR, ".note").value_of_css_property("color")
        assert abs(paper - _brightness(muted)) > 80
    assert papers[False] > 200 > 60 > papers[True]


def _brightness(colour: str) -> float:
    numbers = colour[colour.index("(") + 1 : -1].split(",")[:3]
    return sum(map(float, numbers)) / 3


def test_a_heading_sorts_by_keyboard(browser: webdriver.Chrome, report: Path) -> None:
    _open(browser, report, 1280)
    before = _arms(browser)
    heading = _heading(browser)
    assert heading.get_attribute("aria-sort") == "none"
    button = heading.find_element(By.TAG_NAME, "button")
    browser.execute_script("arguments[0].focus()", button)
    assert browser.switch_to.active_element == button
    assert button.value_of_css_property("outline-style") == "solid"
    button.send_keys(Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "descending"
    levels = _levels(browser)
    assert levels == sorted(levels, reverse=True) and len(levels) == len(before)
    button.send_keys(Keys.SPACE)
    assert heading.get_attribute("aria-sort") == "ascending"
    assert _levels(browser) == sorted(levels)
    button.send_keys(Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "none"
    assert _arms(browser) == before


def test_the_first_tab_skips_to_the_answer(browser: webdriver.Chrome, report: Path) -> None:
    _open(browser, report, 1280)
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    link = browser.switch_to.active_element
    assert link.text == "Skip to the answer" and link.is_displayed()


def test_rows_are_filtered(browser: webdriver.Chrome, report: Path) -> None:
    _open(browser, report, 1280)
    field = browser.find_element(By.CSS_SELECTOR, ".tools input")
    assert "Every arm on every target" in str(field.get_attribute("aria-label"))
    everything = _arms(browser)
    field.send_keys("image shuf")
    rows = browser.find_elements(By.CSS_SELECTOR, f"{OVERVIEW} tbody tr")
    shown = [row.text.split("\n")[0] for row in rows if row.is_displayed()]
    assert shown == ["image-shuffled"]
    assert browser.find_element(By.CSS_SELECTOR, ".tools output").text == "1 rows"
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    assert _arms(browser) == everything
    assert all(row.is_displayed() for row in rows)


def test_a_language_table_is_sorted_without_its_families(
    browser: webdriver.Chrome, report: Path
) -> None:
    _open(browser, report, 1280)
    table = browser.find_element(By.CSS_SELECTOR, "#languages details[open] table.heat")
    families = table.find_elements(By.CSS_SELECTOR, "tr.family")
    assert families and all(family.is_displayed() for family in families)
    table.find_element(By.CSS_SELECTOR, "thead th:nth-child(2) button").send_keys(Keys.ENTER)
    assert not any(family.is_displayed() for family in families)
    rows = table.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert "macro" in str(rows[0].get_attribute("class"))  # the mean stays first
    texts = [row.find_elements(By.TAG_NAME, "td") for row in rows[1:] if row.is_displayed()]
    values = [
        float(cells[0].text.replace("−", "-")) for cells in texts if "gap" not in cells[0].text
    ]
    assert len(values) > 5 and values == sorted(values, reverse=True)


@pytest.mark.parametrize("name", ["Markdown", "LaTeX"])
def test_a_table_is_copied(browser: webdriver.Chrome, report: Path, name: str) -> None:
    _open(browser, report, 1280)
    browser.execute_script(
        "window.copied = null;"
        "navigator.clipboard.writeText = async text => { window.copied = text; };"
    )
    _heading(browser).find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    button = next(
        each
        for each in browser.find_elements(By.CSS_SELECTOR, ".tools button")
        if each.text == name
    )
    button.send_keys(Keys.ENTER)
    text = browser.execute_async_script(
        "const done = arguments[0]; setTimeout(() => done(window.copied), 50);"
    )
    assert (
        browser.find_element(By.CSS_SELECTOR, ".tools output").text == f"{name} is in the clipboard"
    )
    lines = text.splitlines()
    first = _arms(browser)[0]  # as it is sorted
    if name == "Markdown":
        assert lines[0].startswith("| Arm | ") and lines[1].startswith("| :-- | --: |")
        assert lines[2].startswith(f"| {first}") and len(lines) == 2 + len(_arms(browser))
        assert {line.count("|") for line in lines} == {lines[0].count("|")}
    else:
        assert lines[1] == r"\begin{tabular}{lrrrr}" and lines[-1] == r"\end{tabular}"
        assert r"top-1 accuracy" in lines[3] and lines[5].startswith(first)
        body = [line for line in lines if line.endswith(r"\\")]
        assert len(body) == 1 + len(_arms(browser))
        assert {line.count(" & ") for line in body} == {4}
        assert "▲" not in text and "−" not in text and r"$\blacktriangle$" in text


def test_a_table_is_shown_to_be_copied_where_the_clipboard_is_refused(
    browser: webdriver.Chrome, report: Path
) -> None:
    _open(browser, report, 1280)
    browser.execute_script(
        "navigator.clipboard.writeText = async () => { throw new Error('refused'); };"
    )
    browser.find_element(By.CSS_SELECTOR, ".tools button").click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    area = browser.find_element(By.CSS_SELECTOR, ".tools textarea")
    assert str(area.get_attribute("value")).startswith("| Arm | ")
    assert browser.switch_to.active_element == area


def test_headings_and_files_have_links_that_work(browser: webdriver.Chrome, report: Path) -> None:
    _open(browser, report, 1280)
    headings = browser.find_elements(By.CSS_SELECTOR, "h2, h3")
    assert "The answer" in browser.find_element(By.TAG_NAME, "h2").text
    for heading in headings:
        link = heading.find_element(By.CSS_SELECTOR, "a.anchor")
        assert link.get_dom_attribute("href") == f"#{heading.get_attribute('id')}"
    files = browser.find_elements(By.CSS_SELECTOR, "#reading dl a")
    names = {str(link.get_dom_attribute("href")) for link in files}
    assert {"results.csv", "outcomes.parquet", "run.json"} <= names
    assert all((report.parent / name).is_file() for name in names)


def test_every_figure_has_a_caption(browser: webdriver.Chrome, report: Path) -> None:
    _open(browser, report, 1280)
    figures = browser.find_elements(By.TAG_NAME, "figure")
    assert len(figures) > 5
    for figure in figures:
        caption = figure.find_element(By.TAG_NAME, "figcaption")
        assert str(caption.get_attribute("textContent")).endswith(".")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole_without_script(
    browser: webdriver.Chrome, report: Path, width: int
) -> None:
    _open(browser, report, width)
    with_script = _value(browser, "document.querySelectorAll('.tools').length")
    words = _value(browser, "document.querySelector('main').textContent.length")
    _open(browser, report, width, script=False)
    try:
        assert with_script > 5
        assert not browser.find_elements(By.CSS_SELECTOR, ".tools, button")
        assert len(_arms(browser)) == 12
        text = str(browser.find_element(By.TAG_NAME, "main").get_attribute("textContent"))
        assert len(text) > 0.9 * words
        page = browser.find_element(By.TAG_NAME, "html")
        assert int(page.get_property("scrollWidth")) <= width  # type: ignore[call-overload]
        summary = browser.find_element(By.CSS_SELECTOR, "#verdicts summary")
        summary.send_keys(Keys.ENTER)
        assert browser.find_element(By.CSS_SELECTOR, "#verdicts .verdicts li").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_nothing_is_refused_and_nothing_fails(browser: webdriver.Chrome, report: Path) -> None:
    _open(browser, report, 1280)
    browser.get_log("browser")  # of the tests before
    _open(browser, report, 1280)
    assert browser.get_log("browser") == []


def test_a_script_in_a_text_does_not_run(browser: webdriver.Chrome, tmp_path: Path) -> None:
    """Were a text not escaped, the policy of the page would still refuse its script."""
    page = write_report(write_sample(tmp_path / "run", arms=3, languages=2, seeds=1))
    text = page.read_text(encoding="utf-8")
    attack = "<script>document.title = 'attacked'</script>"
    page.write_text(text.replace("<main", f"{attack}<main"), encoding="utf-8")
    _open(browser, page, 1280)
    assert browser.title != "attacked"
    assert browser.find_elements(By.CSS_SELECTOR, ".tools")  # ours does
