"""The live view in a real browser: by keyboard, with hostile texts, on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from explorer_screen import CHROMIUM, DRIVER, LONGEST, Screen, open_screen
from live_server import TEXTS, Running, png, serving
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from crosslift.live.app import LiveSearch
from crosslift.live.options import LiveOptions
from crosslift.live.page import page_of_run
from crosslift.live.worker import Worker

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="needs Chromium and its driver: apt-get install chromium chromium-driver",
)
TOKEN = "a-token-for-the-browser"
BOX = "form[role=search] textarea"
ARMS = ["baseline", "text", "image"]


@pytest.fixture(scope="module")
def paged(live: LiveSearch) -> LiveSearch:
    """The search with the explorer's page of the run."""
    page = page_of_run(live.run.folder.path, token=True)
    return replace(live, page=page, searches=Worker("s", 8), thumbnails=Worker("t", 64))


@pytest.fixture(scope="module")
def page_server(paged: LiveSearch, options: LiveOptions) -> Iterator[Running]:
    with serving(paged, options, TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def screen(
    page_server: Running, downloads: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Screen]:
    """A browser that has opened the printed address once, and has the cookie since."""
    with open_screen(tmp_path_factory.mktemp("profile")) as opened:
        allowed = {"behavior": "allow", "downloadPath": str(downloads)}
        opened.driver.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
        opened.driver.get(f"http://127.0.0.1:{page_server.port}/?token={TOKEN}#view=live")
        opened.wait(BOX)
        assert TOKEN not in opened.driver.current_url
        yield opened


@pytest.fixture
def view(screen: Screen, page_server: Running) -> Callable[[str], Screen]:
    """Opens the live view afresh in a state."""

    def opened(state: str) -> Screen:
        screen.driver.get("about:blank")
        screen.driver.get(f"http://127.0.0.1:{page_server.port}/#view=live&{state}")
        screen.wait(BOX)
        return screen

    return opened


def columns(screen: Screen, least: int = 3) -> list[str]:
    """The texts of the arms' columns, when all of them are there."""
    screen.until(f"document.querySelectorAll('.side-arm').length >= {least}")
    return screen.texts(".side-arm")


def choose(screen: Screen, key: str, value: str) -> None:
    """Chooses an option as a person does."""
    screen.one(f"[data-key={key}] option[value='{value}']").click()


def errors_of(screen: Screen) -> list[str]:
    return [each["message"] for each in screen.log() if each["level"] == "SEVERE"]


def test_a_text_is_asked_by_keyboard_and_its_hits_come_side_by_side(
    view: Callable[[str], Screen],
) -> None:
    screen = view("pool=corpus")
    screen.one(BOX).send_keys("ein Hund", Keys.ENTER)
    assert "hits shared with baseline" in columns(screen)[1]
    assert screen.texts(".side-arm h3 bdi") == ARMS
    assert screen.texts(".side-arm li:first-child .text") == ["ein Hund"] * 3
    assert screen.address == {"view": "live", "pool": "corpus", "ask": "ein Hund"}
    assert len(columns(view("pool=corpus&ask=ein+Hund&hits=5"))) == 3, "the address shows the same"
    assert not errors_of(screen)


def test_a_hit_shows_its_rank_in_every_arm(view: Callable[[str], Screen]) -> None:
    screen = view("pool=names:texts&ask=Katze&with=image")
    assert "hits shared with image" in columns(screen)[0]
    screen.one(".hit").send_keys(Keys.ENTER)
    screen.wait(".standing")
    assert screen.texts(".standing tbody th bdi") == ARMS
    assert screen.texts(".standing tbody td:nth-child(2)")[0] == "1"
    assert 1 <= len(screen.all(".hit[aria-pressed=true]")) <= 3
    assert screen.value("document.activeElement.matches('.hit[aria-pressed=true]')")


def test_texts_are_never_markup(view: Callable[[str], Screen]) -> None:
    screen = view("pool=corpus&ask=%3Cb%3Ebold%3C%2Fb%3E")
    columns(screen)
    assert screen.texts(".ranks .text")[0] == "<b>bold</b>"
    assert not screen.all("main b")


def test_a_picture_is_asked_and_pictures_are_shown(
    view: Callable[[str], Screen], tmp_path: Path
) -> None:
    path = tmp_path / "mine.png"
    path.write_bytes(png())
    screen = view("pool=images")
    screen.one("input[type=file]").send_keys(str(path))
    assert "red.png" in columns(screen, 1)[0]
    screen.until(
        "[...document.querySelectorAll('.ranks img')].every((each) => each.naturalWidth === 192)"
    )
    assert len(screen.all(".ranks img")) == 2
    assert "baseline, text: no image tower" in screen.texts(".remarks li")
    bad = tmp_path / "mine.png.txt"
    bad.write_text("no picture", encoding="utf-8")
    screen.one("input[type=file]").send_keys(str(bad))
    assert "mine.png.txt” is no picture" in screen.wait("main [role=alert]").text
    assert not errors_of(screen)


def test_what_the_server_refuses_is_said_on_the_page(
    view: Callable[[str], Screen], tmp_path: Path
) -> None:
    path = tmp_path / "cut.png"
    path.write_bytes(png()[:60])
    screen = view("pool=images")
    screen.one("input[type=file]").send_keys(str(path))
    assert "damaged" in screen.wait("main [role=alert]").text
    screen.log()  # the answer 400 is in it


def test_the_hits_are_saved_as_csv(view: Callable[[str], Screen], downloads: Path) -> None:
    screen = view("pool=corpus&ask=a+cat")
    columns(screen)
    screen.click("[data-key=csv]")
    file = downloads / "hits.csv"
    WebDriverWait(screen.driver, LONGEST).until(lambda _: file.is_file() and file.stat().st_size)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("pool,query,arm,rank") and len(lines) == 1 + 3 * len(set(TEXTS))


def test_choices_change_the_search(view: Callable[[str], Screen]) -> None:
    screen = view("pool=names:texts&ask=Haus")
    columns(screen)
    choose(screen, "in", "ar")
    codes = "[...document.querySelectorAll('.ranks .code')]"
    screen.until(f"{codes}.length && {codes}.every((each) => each.textContent.includes('Arabic'))")
    choose(screen, "hits", "5")
    screen.until("document.querySelectorAll('.ranks li').length === 15")
    arabic = "[...document.querySelectorAll('.ranks .text')]"
    assert screen.value(f"{arabic}.every((each) => each.dir === 'rtl' && each.lang === 'ar')")


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_screen(view: Callable[[str], Screen], width: int) -> None:
    screen = view("pool=names:texts&ask=Katze")
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    screen.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    columns(screen)
    assert screen.value("document.documentElement.scrollWidth") <= width
    names = screen.value(
        "[...document.querySelectorAll('main input, main select, main textarea, main button')]"
        ".map((each) => (each.labels?.[0] ?? each).textContent.trim())"
    )
    assert len(names) > 30 and all(names), "a control has no name"
