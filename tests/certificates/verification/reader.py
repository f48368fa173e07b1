"""What a reader of the page does and waits for."""

from playwright.async_api import Page, expect


async def verdict(page: Page, address: str) -> str:
    """Opens an address; the outcome that the page comes to."""
    await page.goto("about:blank")
    await page.goto(address)
    return await settled(page)


async def settled(page: Page) -> str:
    """The outcome, once there is one."""
    result = page.locator("#result")
    await expect(result).to_be_visible()
    await expect(result).not_to_have_attribute("data-tone", "working")
    return str(await result.get_attribute("data-outcome"))
