"""The explorer's page in headless Chromium: opens addresses, reads what is shown, presses keys."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")
LONGEST = 60
"""Seconds that a page may take on a busy machine."""


class Screen:
    """One browser window.

    Args:
        driver: the browser.
    """

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, address: str = "", *, width: int = 1280, dark: bool = False) -> None:
        """Load a page afresh at an address and wait for its first view or its explanation."""
        size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                    {"name": "prefers-reduced-motion", "value": "reduce"}]  # fmt: skip
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get("about:blank")
        self.driver.get(f"{page.as_uri()}#{address}")
        self.wait(".view, .fault, .empty")

    def wait(self, css: str) -> WebElement:
        """The first element for a selector, once there is one."""
        return WebDriverWait(self.driver, LONGEST).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, css)
        )

    def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        WebDriverWait(self.driver, LONGEST).until(
            lambda driver: driver.execute_script(f"return {expression}")
        )

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return self.driver.execute_script(f"return {expression}")

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """The texts of all elements for a selector, in one call."""
        script = "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent)"
        return [str(text) for text in self.driver.execute_script(script, css)]

    def text(self, css: str = "body") -> str:
        return str(
            self.driver.execute_script("return document.querySelector(arguments[0]).innerText", css)
        )

    def click(self, css: str) -> None:
        """Click as a script does: an element may lie under the sticky bar."""
        script = "const it = document.querySelector(arguments[0]); it?.click(); return Boolean(it)"
        WebDriverWait(self.driver, LONGEST).until(
            lambda driver: driver.execute_script(script, css)  # at once: a list may be drawn again
        )

    def press(self, *keys: str) -> None:
        """Press keys on the element that has the focus."""
        drawn_again = [StaleElementReferenceException]
        WebDriverWait(self.driver, LONGEST, ignored_exceptions=drawn_again).until(
            lambda driver: driver.switch_to.active_element.send_keys(*keys) is None
        )

    @property
    def address(self) -> dict[str, str]:
        """What the address says."""
        return dict(self.value("[...new URLSearchParams(location.hash.slice(1))]"))

    def log(self) -> list[dict[str, Any]]:
        """What the console says since the last call."""
        return self.driver.get_log("browser")  # type: ignore[no-untyped-call,no-any-return]


@contextmanager
def open_screen(profile: Path) -> Iterator[Screen]:
    """A browser with its own profile, closed at the end."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield Screen(driver)
    finally:
        driver.quit()
