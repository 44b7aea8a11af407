"""The page in a real browser, Chromium: what a person sees, types and presses, and what happens to the meters.

A browser that is missing fails the tests; ``make setup`` installs it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

import dlmskit
from dlmskit.apps.simulator.fleets import Fleet
from tests.apps.simulator.web.visitor import METERS

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHROMIUM = "/usr/bin/chromium"
SWITCHES = (
    "--no-sandbox",  # it runs as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000
"""Milliseconds that something may take on a busy machine."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES, timeout=PATIENCE)
        yield chromium
        await chromium.close()


async def opened(browser: Browser, fleet: Fleet, path: str = "/", **words: Any) -> tuple[Page, list[str]]:
    """The page as the URL of the screen opens it, and what the browser complains about."""
    context = await browser.new_context(**words)
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    assert fleet.page is not None
    await page.goto(fleet.page.replace("/?", f"{path}?"))
    return page, complaints


def card(page: Page, title: str) -> Any:
    return page.locator("form.card", has=page.get_by_role("heading", name=title, exact=True))


async def test_the_token_is_not_in_the_address_and_nothing_comes_from_elsewhere(browser: Browser, fleet: Fleet) -> None:
    page, complaints = await opened(browser, fleet)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    assert fleet.page is not None
    home = fleet.page.partition("?")[0]
    await expect(page).to_have_url(home)
    await page.reload()
    await expect(page.get_by_role("heading", name=f"{METERS} meters")).to_be_visible()
    await expect(page.locator("tbody tr")).to_have_count(25)
    assert len(asked) >= 3
    assert all(url.startswith(home) for url in asked)
    assert complaints == []


async def test_search_and_pages(browser: Browser, fleet: Fleet) -> None:
    page, complaints = await opened(browser, fleet)
    await page.get_by_role("link", name="Next").click()
    await expect(page.locator("tbody tr")).to_have_count(METERS - 25)
    title = str(fleet.meters[4].device.system_title)
    await page.get_by_role("searchbox").press_sequentially(title)
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator("tbody")).to_contain_text(title)
    await page.get_by_role("searchbox").fill("<b>nobody")
    await expect(page.locator(".nothing")).to_contain_text("<b>nobody")
    assert complaints == []


async def test_a_fault_for_one_meter_and_its_end(browser: Browser, fleet: Fleet) -> None:
    page, complaints = await opened(browser, fleet, "/meters/3")
    loss = card(page, "Loss")
    await loss.get_by_label("Percent of messages").fill("35")
    await loss.get_by_role("button", name="Give").click()
    await expect(page.locator("#said")).to_contain_text("loss given")
    assert fleet.meters[3].faults.share_lost == 0.35
    assert not fleet.meters[4].faults.active
    await expect(page.locator("#live")).to_contain_text("loss 35%")
    await expect(page.locator("#history")).to_contain_text("loss given")
    await loss.get_by_role("button", name="End").click()
    await expect(page.locator("#said")).to_contain_text("loss ended")
    assert fleet.meters[3].faults.share_lost == 0
    await expect(page.locator("#live")).not_to_contain_text("loss 35%")
    assert complaints == []


async def test_a_fault_for_all_breaks_a_real_association(browser: Browser, fleet: Fleet) -> None:
    page, complaints = await opened(browser, fleet)
    await page.get_by_text(f"Faults for all {METERS} meters").click()
    async with dlmskit.connect(f"{fleet.urls[0]}&client=1", keys=str(fleet.key_file), counters="memory") as meter:
        await meter.read("0.0.42.0.0.255")
        row = page.locator("tbody tr").first
        await expect(row).to_contain_text("management")
        await card(page, "Reboot").get_by_role("button", name="Give").click()
        await expect(page.locator("#said")).to_contain_text(f"reboot given: {METERS} meters")
        with pytest.raises(dlmskit.DlmsError):
            await meter.read("0.0.42.0.0.255")
        await expect(row).not_to_contain_text("management")
    await expect(row).to_contain_text("aborted")
    assert complaints == []


async def test_the_page_follows_what_others_do(browser: Browser, fleet: Fleet) -> None:
    page, _ = await opened(browser, fleet)
    fleet.meters[1].faults.delay(1.5)
    await expect(page.locator("tbody tr").nth(1)).to_contain_text("delay 1.5 s")
    fleet.meters[1].faults.delay(0)
    await expect(page.locator("tbody tr").nth(1)).not_to_contain_text("delay")


async def test_nonces_are_used_twice_only_where_it_is_said(browser: Browser, fleet: Fleet) -> None:
    page, _ = await opened(browser, fleet, "/meters/2")
    loss = card(page, "Counter loss")
    await loss.get_by_label("Counters of what").select_option("sent")
    await loss.get_by_role("button", name="Give").click()
    await expect(page.locator("#said .refused")).to_contain_text("nonces twice")
    assert not fleet.meters[2].faults.active
    await loss.get_by_role("checkbox").check()
    await loss.get_by_role("button", name="Give").click()
    await expect(page.locator("#said .done")).to_contain_text("counter-loss given")
    assert fleet.meters[2].faults.active == {"counter-loss": "sent"}


async def test_by_keyboard_alone(browser: Browser, fleet: Fleet) -> None:
    """From the top of the page to a fault of the first meter, with Tab, Enter and keys; updates leave the focus."""
    page, _ = await opened(browser, fleet)
    first = page.locator("#m0")
    for _ in range(5):
        await page.keyboard.press("Tab")
        if await first.evaluate("it => it === document.activeElement"):
            break
    await expect(first).to_be_focused()
    async with page.expect_response(re.compile("/meters")):
        pass  # the table was put in place anew
    await expect(first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/meters/0$"))
    field = card(page, "Delay").get_by_label("Seconds")
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await field.evaluate("it => it === document.activeElement"):
            break
    await expect(field).to_be_focused()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("0.25")
    await page.keyboard.press("Enter")
    await expect(page.locator("#said")).to_contain_text("delay given")
    assert fleet.meters[0].faults.late == 0.25


async def test_without_javascript(browser: Browser, fleet: Fleet) -> None:
    page, _ = await opened(browser, fleet, "/meters/5", java_script_enabled=False)
    await card(page, "Delay").get_by_role("button", name="Give").click()
    await expect(page).to_have_url(re.compile("/meters/5$"))
    await expect(page.locator("#live")).to_contain_text("delay 2 s")
    assert fleet.meters[5].faults.late == 2


@pytest.mark.parametrize("path", ["/", "/meters/3"])
async def test_it_fits_a_phone(browser: Browser, fleet: Fleet, path: str) -> None:
    page, _ = await opened(browser, fleet, path, viewport={"width": 360, "height": 740})
    await expect(page.locator("h1")).to_be_visible()
    for details in await page.locator("summary").all():
        await details.click()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_can_be_read_in_light_and_dark(browser: Browser, fleet: Fleet, scheme: Any) -> None:
    """The contrast of text, quiet text and buttons with what is behind them is at least 4.5 (WCAG 2, AA)."""
    page, _ = await opened(browser, fleet, "/meters/3", color_scheme=scheme)
    colours = await page.evaluate(
        """() => ["body", ".quiet", "button:not(.second)", "button.second", ".card p"].map(name => {
            const one = document.querySelector(name)
            let back = one
            while (getComputedStyle(back).backgroundColor === "rgba(0, 0, 0, 0)") back = back.parentElement
            return [getComputedStyle(one).color, getComputedStyle(back).backgroundColor]
        })"""
    )
    for pair in colours:
        lighter, darker = sorted((luminance(colour) for colour in pair), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, pair
    assert (luminance(colours[0][1]) > 0.5) == (scheme == "light")


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
