"""The article's walk as a person takes it, in either language: where to click and what to read."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.makers import Issued
from tests.processes import Portal

PASSWORD: Final = "päss wörd 密码"


@dataclass(frozen=True)
class Words:
    """What the walk clicks on and reads, in one language (the article's own words)."""

    language: str
    client_certificates: str
    upload_certificate: str
    upload: str
    delete: str
    yes_delete_it: str
    apis: str
    security: str
    policy: str
    with_credentials: str
    client_certificate: str
    save: str
    live: str


ENGLISH = Words(
    language="en",
    client_certificates="Client certificates",
    upload_certificate="Upload certificate",
    upload="Upload",
    delete="Delete",
    yes_delete_it="Yes, delete it",
    apis="APIs",
    security="Security",
    policy="Policy",
    with_credentials="With credentials",
    client_certificate="Client certificate",
    save="Save",
    live="Live on 1 of 1",
)
CHINESE = Words(
    language="zh-hans",
    client_certificates="客户端证书",
    upload_certificate="上载证书",
    upload="上载",
    delete="删除",
    yes_delete_it="是，将其删除",
    apis="API",
    security="安全",
    policy="策略",
    with_credentials="使用凭据",
    client_certificate="客户端证书",
    save="保存",
    live="已在 1/1",
)


@dataclass(frozen=True)
class Walker:
    """Somebody who walks through the portal on *page*, and the names that this walk uses."""

    page: Page
    portal: Portal
    words: Words
    name: str

    @classmethod
    def on(cls, page: Page, portal: Portal, words: Words) -> Walker:
        """Return a walker with names that no other walk has."""
        return cls(page, portal, words, f"a-walk-{uuid.uuid4().hex[:8]}")

    def add_api(self, *, service_url: str = "") -> None:
        """Add an API like the demonstration's: it calls its back end, or another one, and trusts its authority, but presents nothing."""
        self.page.goto("/apis/new/")
        self._fill(display_name=f"API {self.name}", name=self.name, service_url=service_url or self.portal.backend_url, path=self.name)
        self._submit(self.page.locator("input[name=service_url]"))
        expect(self.page).to_have_url(re.compile(rf"/apis/{self.name}/"))
        self.page.goto(f"/apis/{self.name}/operations/new/")
        self._fill(method="*", url_template="/*", display_name="Everything")
        self._submit(self.page.locator("input[name=url_template]"))
        self.page.goto(f"/apis/{self.name}/security/")
        self.page.locator("textarea[name=trusted_ca]").fill(self.portal.demo.authority.read_text())
        self.save()

    def open_client_certificates(self) -> None:
        """Security → Client certificates, in the menu."""
        self.page.goto("/")
        self.menu(self.words.client_certificates).click()
        expect(self.heading).to_have_text(self.words.client_certificates)

    def upload(self, issued: Issued, *, password: str = PASSWORD, typed: str | None = None) -> None:
        """Upload certificate: the file, its password (or another one), Upload."""
        self.main.get_by_role("link", name=self.words.upload_certificate).first.click()
        self.give_file(issued, password=password, typed=typed)
        self.main.get_by_role("button", name=self.words.upload, exact=True).click()

    def give_file(self, issued: Issued, *, password: str = PASSWORD, typed: str | None = None) -> None:
        """Choose the file and type its password, or another one."""
        file = FilePayload(name=f"{self.name}.pfx", mimeType="application/x-pkcs12", buffer=issued.pfx_file(password))
        self.page.locator("input[name=file]").set_input_files(file)
        self.page.locator("input[name=password]").fill(password if typed is None else typed)

    def open_security_of_api(self) -> None:
        """APIs → the API → its Security tab."""
        self.page.goto("/")
        self.menu(self.words.apis).click()
        self.page.goto(f"/apis/?q={self.name}")  # however many APIs other walks have left
        self.main.get_by_role("link", name=f"API {self.name}").first.click()
        self.tab(self.words.security).click()
        expect(self.page).to_have_url(re.compile(r"/security/$"))

    def choose(self, issued: Issued) -> None:
        """With credentials: client certificates; the certificate by the last four characters of its thumbprint."""
        self.page.get_by_label(self.words.with_credentials, exact=True).select_option("client-certificate")
        picker = self.page.locator("select[name=certificate]")
        option = picker.locator("option", has_text=issued.thumbprint[-4:]).filter(has_text=self.name)
        expect(option).to_have_count(1)
        picker.select_option(value=option.get_attribute("value"))

    def choose_nothing(self) -> None:
        """With credentials: none."""
        self.page.get_by_label(self.words.with_credentials, exact=True).select_option("none")

    def save(self) -> None:
        """Save, and wait until the page says that the change is live."""
        self.main.get_by_role("button", name=self.words.save, exact=True).click()
        self.until_live()

    def until_live(self) -> None:
        """Wait until the API's Security tab says that the newest change is live; reload it as people without JavaScript do."""
        tab = f"/apis/{self.name}/security/"
        for _ in range(20):
            self.page.goto(tab)
            if self.words.live in self.page.locator(".live").first.inner_text():
                return
            self.page.wait_for_timeout(100)
        expect(self.page.locator(".live").first).to_contain_text(self.words.live)

    def delete_certificate(self) -> None:
        """Client certificates → Delete, beside the certificate."""
        self.page.goto(f"/security/client-certificates/?q={self.name}")
        self.main.get_by_role("row").filter(has_text=self.name).get_by_role("link", name=self.words.delete).click()

    def confirm(self) -> None:
        """Yes, delete it."""
        self.main.get_by_role("button", name=self.words.yes_delete_it).click()

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    def menu(self, name: str) -> Locator:
        return self.page.locator("nav.menu").get_by_role("link", name=name, exact=True)

    def tab(self, name: str) -> Locator:
        return self.page.locator(".tabs").get_by_role("link", name=name, exact=True)

    def _fill(self, **values: str) -> None:
        for field, value in values.items():
            self.page.locator(f"input[name={field}]").fill(value)

    def _submit(self, field: Locator) -> None:
        field.press("Enter")
        self.page.wait_for_load_state()
