"""Contacts as a planner meets them: a CSV and a workbook come in, a segment is written, all of it by keyboard too."""

import re
from io import BytesIO

import pytest
from openpyxl import Workbook

WIDTHS = [(1440, "light"), (390, "dark")]


def import_page(demo):
    return f"{demo.site}/admin/audiences/contact/import/"


def test_a_csv_is_imported_by_keyboard_alone(page, demo):
    content = "Nom;Courriel;N° client\nZoé Browser;zoe.browser@example.org;0042\nBen;bad;1\n".encode("cp1252")
    page.goto(import_page(demo))
    page.set_input_files("input[type=file]", {"name": "clients.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload").press("Enter")
    page.wait_for_url("**/columns/")
    assert page.get_by_text("Zoé Browser").is_visible()
    page.get_by_label("Meaning of the column N° client").press("End")
    page.get_by_label("Name of the attribute for the column N° client").fill("customer_no")
    page.get_by_role("button", name="Check the file").press("Enter")
    page.get_by_text("Nothing has been saved yet.").wait_for()
    assert page.get_by_text("Enter a valid email address.").is_visible()
    page.get_by_role("button", name="Import 1 contact, leave out the rows with errors").press("Enter")
    page.get_by_text("1 contact was added.").wait_for()


def test_a_large_workbook_shows_its_progress_until_it_is_in(page, demo):
    book = Workbook(write_only=True)
    sheet = book.create_sheet("People")
    sheet.append(["E-mail", "Name"])
    for number in range(6000):
        sheet.append([f"large{number}@example.org", f"Large {number}"])
    content = BytesIO()
    book.save(content)
    page.goto(import_page(demo))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("input[type=file]", {"name": "people.xlsx", "mimeType": kind, "buffer": content.getvalue()})
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("6,000 contacts are new.").wait_for(timeout=120_000)
    page.get_by_role("button", name="Import 6,000 contacts").click()
    page.get_by_text("6,000 contacts were added.").wait_for(timeout=120_000)


def test_a_segment_is_written_with_its_people_beside(page, demo):
    page.goto(f"{demo.site}/admin/audiences/segment/add/")
    now = page.get_by_role("region", name="Who belongs to it now")
    page.get_by_label("Value").fill("fr")
    now.get_by_text(re.compile(r"contacts? belongs? to it now")).wait_for()
    assert now.get_by_text("language is “fr”").is_visible()
    page.get_by_role("button", name="Add a condition").press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Field"
    now.get_by_text("Condition 2: the value is missing.").wait_for()
    page.get_by_role("button", name="Remove this condition").last.press("Enter")
    now.get_by_text("Condition 2").wait_for(state="detached")


@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_the_pages_are_open_to_everybody(page, demo, accessible, width, scheme):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(import_page(demo))
    accessible(page)
    content = b"email,name\nzoe.axe@example.org,Zoe\nbad,Ben\n"
    page.set_input_files("input[type=file]", {"name": "axe.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/columns/")
    accessible(page)
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("Nothing has been saved yet.").wait_for()
    accessible(page)
    page.goto(f"{demo.site}/admin/audiences/segment/add/")
    accessible(page)
    page.goto(f"{demo.site}/admin/audiences/contact/")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Personal data").click()
    page.get_by_role("heading", name="What is known").wait_for()
    accessible(page)
