"""Opening the pages that are to be shown or looked at, as a planner or as a stranger."""

from playwright.sync_api import Browser, BrowserContext, Page

from .conftest import AGENT
from .pages_to_show import Shown
from .running import Demo

PATIENCE = 120_000  # ms, on a machine that is busy with other things
LOCALES = {"en": "en-GB", "fr": "fr-FR"}


class Visits:
    """Two tabs: one that is signed in as the demo's planner, who reads this language, and one of nobody."""

    def __init__(self, browser: Browser, demo: Demo, *, language: str = "en") -> None:
        self.demo, self.language = demo, language
        self.guest = self._context(browser).new_page()
        self.planner = self._context(browser).new_page()
        self._sign_in()

    def open(self, shown: Shown) -> Page | str:
        """The page as it then stands or, where there is nothing to see, the reason."""
        page = self.guest if shown.is_for_guests else self.planner
        if shown.html:
            self._serve(page, shown)
        elif why_not := self._why_not(page, shown):
            return why_not
        page.goto(self.demo.site + shown.path)
        if shown.press:
            with page.expect_navigation():
                page.locator(shown.press).first.evaluate("button => button.click()")  # be it in a fold that is closed
        return page

    def close(self) -> None:
        for page in (self.guest, self.planner):
            page.context.close()

    def _why_not(self, page: Page, shown: Shown) -> str:
        answer = page.context.request.get(self.demo.site + shown.path, max_redirects=0)
        assert answer.status < 500, f"{answer.status} {shown.path}"
        if 300 <= answer.status < 400:
            return "leads elsewhere"
        if answer.status != shown.status:
            return f"answers {answer.status} to a look"
        if "html" not in answer.headers.get("content-type", ""):
            return "is a file"
        if not answer.text().lstrip().lower().startswith("<!doctype"):
            return "is a part of a page"
        return ""

    def _serve(self, page: Page, shown: Shown) -> None:
        """In place of a server that breaks, with the headers of one that does not."""
        headers = page.context.request.get(f"{self.demo.site}/admin/login/").headers
        sent = {name: headers[name] for name in ("content-type", "content-security-policy")}
        page.route(f"**{shown.path}", lambda route: route.fulfill(body=shown.html, headers=sent))

    def _sign_in(self) -> None:
        page = self.planner
        page.goto(f"{self.demo.site}/admin/accounts/user/preferences/")
        page.locator("#id_username").fill(self.demo.user)
        page.locator("#id_password").fill(self.demo.password)
        page.locator("#login-form [type=submit]").click()
        page.locator("select[name=language]").select_option(self.language)
        with page.expect_navigation():
            page.locator("#content [type=submit]").click()

    def _context(self, browser: Browser) -> BrowserContext:
        locale = LOCALES[self.language]
        context = browser.new_context(user_agent=AGENT, locale=locale, timezone_id="Europe/Paris", reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        return context
