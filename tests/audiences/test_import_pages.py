import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook

from apps.accounts.models import AuditEvent
from apps.audiences.models import ColumnMeaning, Contact, ContactFile, ContactImport, ImportState
from tests.factories import NOW, make_planner, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    ana = make_planner(username="ana")
    client.force_login(ana)
    return ana


def text(response):
    return response.content.decode()


def upload(client, content, name="contacts.csv"):
    """As far as the columns' page."""
    data = content if isinstance(content, bytes) else content.encode()
    return client.post(reverse("admin:audiences_contact_import"), {"file": SimpleUploadedFile(name, data)}, follow=True)


def fields_of(job):
    form = {"check": "1"}
    for place, meaning in enumerate(job.meanings):
        is_attribute = meaning.startswith("attributes.")
        form[f"meaning_{place}"] = "attribute" if is_attribute else meaning
        form[f"attribute_{place}"] = meaning.removeprefix("attributes.") if is_attribute else ""
    return form


def check(client, **changes):
    """Confirms the columns as they were guessed, but for `changes`."""
    job = ContactImport.objects.latest("pk")
    url = reverse("admin:audiences_contact_import_columns", args=(job.pk,))
    return client.post(url, fields_of(job) | changes, follow=True)


def checked(client, content, **changes):
    upload(client, content)
    return check(client, **changes)


def press(client, button, follow=True):
    job = ContactImport.objects.latest("pk")
    return client.post(reverse("admin:audiences_contact_import_review", args=(job.pk,)), {button: "1"}, follow=follow)


def workbook(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def test_the_columns_are_shown_with_their_first_values_and_a_guess(client, ana):
    page = text(upload(client, "Courriel;Ville\nzoe@example.org;Lyon\n"))
    assert '<option value="email" selected>' in page
    assert "zoe@example.org" in page
    assert 'value="ville"' in page
    assert not Contact.objects.exists()


def test_a_checked_file_is_reported_before_anything_is_saved(client, ana):
    page = text(checked(client, "email,city\nzoe@example.org,Lyon\n"))
    assert "1 contact is new." in page
    assert "passed over: city." in page
    assert 'value="Import 1 contact"' in page
    assert not Contact.objects.exists()


def test_a_column_can_become_an_attribute(client, ana):
    checked(client, "email,N° client\nzoe@example.org,007\n", meaning_1="attribute", attribute_1="customer_no")
    press(client, "import")
    assert Contact.objects.get().attributes == {"customer_no": "007"}


def test_what_columns_mean_is_remembered_for_the_next_file(client, ana):
    checked(client, "who,where\nzoe@example.org,Acme\n", meaning_0="email", meaning_1="organisation")
    upload(client, "WHERE;Who;more\nAcme;ben@example.org;x\n")
    assert ContactImport.objects.latest("pk").meanings == ["organisation", "email", ""]


def test_a_wrong_name_for_an_attribute_and_a_field_named_twice_are_refused(client, ana):
    page = text(checked(client, "email,x\nzoe@example.org,1\n", meaning_1="attribute", attribute_1="1 x"))
    assert "Name the attribute: a letter first" in page
    assert "Several columns mean the same: “email”, “x”." in text(check(client, meaning_1="email"))
    assert "among them “email” or “phone”" in text(check(client, meaning_0=""))
    assert not ColumnMeaning.objects.exists()


def test_a_wrong_encoding_can_be_corrected(client, ana):
    upload(client, "email,name\nzoe@example.org,Zoé\n".encode("mac-roman"))
    url = reverse("admin:audiences_contact_import_columns", args=(ContactImport.objects.get().pk,))
    assert "Zoé" not in text(client.get(url))
    page = client.post(url, {"read_again": "1", "encoding": "mac-roman", "delimiter": ","}, follow=True)
    assert "Zoé" in text(page)
    check(client)
    press(client, "import")
    assert Contact.objects.get().name == "Zoé"


def test_an_encoding_that_cannot_be_is_refused_and_the_file_stays_readable(client, ana):
    upload(client, "email,name\nzoe@example.org,Zoé\n".encode("cp1252"))
    url = reverse("admin:audiences_contact_import_columns", args=(ContactImport.objects.get().pk,))
    page = text(client.post(url, {"read_again": "1", "encoding": "utf-8", "delimiter": ","}))
    assert "The file cannot be read as utf-8." in page
    assert "Zoé" in page


def test_a_workbook_is_imported_like_a_text(client, ana):
    upload(client, workbook(["Nom", "E-mail", "Interne", "Contrat"], ["Zoé", "zoe@example.org", True, 12.0]), "contacts.xlsx")
    check(client, meaning_3="attribute", attribute_3="contract")
    press(client, "import")
    zoe = Contact.objects.get()
    assert (zoe.name, zoe.email, zoe.is_internal, zoe.attributes) == ("Zoé", "zoe@example.org", True, {"contract": "12"})


def test_a_checked_file_is_imported_and_its_content_thrown_away(client, ana):
    checked(client, "email\nzoe@example.org\n")
    assert "1 contact was added." in text(press(client, "import"))
    assert Contact.objects.get().email == "zoe@example.org"
    file = ContactFile.objects.get()
    assert (bytes(file.content), file.plan, file.errors) == (b"", None, None)
    assert AuditEvent.objects.get().detail == {"file": "contacts.csv", "new": 1, "changed": 0, "unchanged": 0, "errors": 0}


def test_pressing_import_twice_imports_once(client, ana):
    checked(client, "phone\n+33123456789\n")
    press(client, "import")
    press(client, "import")
    assert Contact.objects.count() == 1
    assert AuditEvent.objects.count() == 1


def test_errors_are_shown_and_can_be_downloaded(client, ana):
    review = checked(client, "email,name\nzoe@example.org,Zoé\nbad,=cmd()\n")
    page = text(review)
    assert re.findall(r"<td[^>]*>(.*?)</td>", page)[:4] == ["3", "email", "bad", "Enter a valid email address."]
    assert 'name="import"' not in page
    errors = client.get(review.request["PATH_INFO"] + "errors.csv")
    assert errors["Content-Disposition"] == 'attachment; filename="errors.csv"'
    assert (
        errors.content.decode("utf-8-sig") == "email,name,reason\r\nbad,'=cmd(),Line 3: email: Enter a valid email address.\r\n"
    )


def test_pressing_import_on_a_file_with_errors_saves_nothing(client, ana):
    checked(client, "email\nzoe@example.org\nbad\n")
    assert "Nothing has been saved yet." in text(press(client, "import"))
    assert not Contact.objects.exists()


def test_the_right_rows_can_be_imported_alone(client, ana):
    checked(client, "email\nzoe@example.org\nbad\n")
    page = text(press(client, "skip"))
    assert "1 contact was added." in page
    assert "1 row with errors was left out." in page
    assert Contact.objects.count() == 1


def test_a_file_can_be_discarded(client, ana):
    review = checked(client, "email\nzoe@example.org\n").request["PATH_INFO"]
    press(client, "discard")
    assert not ContactFile.objects.exists()
    assert "This file is no longer here" in text(client.get(review, follow=True))


def test_a_file_that_cannot_be_read_says_why(client, ana):
    assert "This workbook is of an old kind" in text(upload(client, b"\xd0\xcf\x11\xe0rest", "old.xls"))
    assert "This workbook cannot be read" in text(upload(client, b"PK\x03\x04rest", "broken.xlsx"))
    assert not ContactFile.objects.exists()


def test_a_file_that_breaks_off_says_where(client, ana):
    page = text(checked(client, "email\n" + "a@b.org\n" * 30 + '"b@b.org"x\n'))
    assert "Line 32: The quotes of this row do not match" in page
    assert 'name="import"' not in page


def test_an_empty_upload_is_refused(client, ana):
    assert "The submitted file is empty." in text(upload(client, ""))


def test_a_large_file_waits_for_a_worker_and_shows_how_far_it_is(client, ana, monkeypatch):
    monkeypatch.setattr("apps.audiences.intake.SMALL", 0)
    hints = []
    monkeypatch.setattr("apps.audiences.intake._hints", [lambda: hints.append(1)])
    page = checked(client, "email\nzoe@example.org\n")
    assert hints == [1]
    assert "Waiting for a worker to take it." in text(page)
    progress = page.request["PATH_INFO"] + "progress/"
    ContactImport.objects.update(done=500, total=2000)
    assert 'value="25"' in text(client.get(progress))
    ContactImport.objects.update(state=ImportState.CHECKED)
    assert client.get(progress).status_code == 204


def test_files_nobody_decided_about_are_thrown_away(client, ana):
    old = ContactFile.objects.create(name="old", content=b"", uploaded_at=NOW - timedelta(days=9), uploaded_by=ana)
    job = ContactImport.objects.create(file=old, name="old", started_at=NOW - timedelta(days=9))
    upload(client, "email\nzoe@example.org\n")
    assert not ContactFile.objects.filter(pk=old.pk).exists()
    assert not ContactImport.objects.filter(pk=job.pk).exists()


def test_an_import_needs_the_permission_to_add_and_change(client):
    client.force_login(make_user(is_staff=True))
    root = reverse("admin:audiences_contact_import")
    for name in ("", "template.csv", "1/", "1/columns/", "1/progress/", "1/errors.csv"):
        assert client.get(root + name).status_code == 403
    assert upload(client, "email\nzoe@example.org\n").status_code == 403


def test_the_example_can_be_imported_as_it_is(client, ana):
    example = client.get(reverse("admin:audiences_contact_import_template")).content
    checked(client, example.decode("utf-8-sig"))
    press(client, "import")
    assert Contact.objects.get().attributes == {"plan": "gold"}


def test_the_pages_of_an_import_take_a_fixed_number_of_queries(client, ana, django_assert_max_num_queries):
    checked(client, "email\n" + "".join(f"p{number}@example.org\n" for number in range(50)))
    url = reverse("admin:audiences_contact_import_review", args=(ContactImport.objects.get().pk,))
    with django_assert_max_num_queries(12):
        client.get(url)
    with django_assert_max_num_queries(4):
        client.get(url + "progress/")
