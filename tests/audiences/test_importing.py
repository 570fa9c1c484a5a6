import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import AuditEvent
from apps.audiences import importing, services
from apps.audiences.models import Contact, Suppression
from apps.audiences.plans import Planned
from tests.factories import NOW, make_contact, make_user

pytestmark = pytest.mark.django_db


def load(text, *, encoding="utf-8", **options):
    data = text if isinstance(text, bytes) else text.encode(encoding)
    return services.import_contacts(io.BytesIO(data), now=NOW, **options)


def counts(report):
    return report.new, report.changed, report.unchanged, len(report.errors)


def test_contacts_are_added():
    report = load(
        "name,email,phone,organisation,time_zone,language,is_internal,attributes.plan\n"
        "Zoé,Zoe@Example.ORG,0033 1 23 45 67 89,Acme,Europe/Paris,fr,no,gold\n"
    )
    assert counts(report) == (1, 0, 0, 0)
    assert report.is_saved
    zoe = Contact.objects.get()
    assert (zoe.name, zoe.email, zoe.phone, zoe.organisation) == ("Zoé", "zoe@example.org", "+33123456789", "Acme")
    assert (zoe.time_zone, zoe.language, zoe.is_internal, zoe.attributes) == ("Europe/Paris", "fr", False, {"plan": "gold"})


def test_the_same_file_twice_changes_nothing():
    text = "email,phone,name\nana@example.org,+33123456789,Ana\n,+33123456789,Switchboard\nben@example.org,+33123456789,Ben\n"
    assert counts(load(text)) == (3, 0, 0, 0)
    assert counts(load(text)) == (0, 0, 3, 0)


def test_contacts_are_changed_where_the_file_says_otherwise_and_kept_where_it_says_nothing():
    ana = make_contact(email="ana@example.org", name="Ana", organisation="Acme", attributes={"plan": "gold", "seats": "3"})
    report = load("email,name,organisation,attributes.plan\nANA@example.org,Anna,,silver\n")
    assert counts(report) == (0, 1, 0, 0)
    ana.refresh_from_db()
    assert (ana.name, ana.organisation, ana.attributes) == ("Anna", "Acme", {"plan": "silver", "seats": "3"})


def test_french_headers_and_values_are_understood():
    report = load(
        "Nom;Adresse e-mail;Téléphone;Société;Fuseau horaire;Langue;Interne\nZoé;zoe@example.org;;Acme;europe/paris;Français;oui\n"
    )
    assert counts(report) == (1, 0, 0, 0)
    zoe = Contact.objects.get()
    assert (zoe.organisation, zoe.time_zone, zoe.language, zoe.is_internal) == ("Acme", "Europe/Paris", "fr", True)


@pytest.mark.parametrize(
    ("encoding", "guessed"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_guessed(encoding, guessed):
    report = load("email,name\nzoe@example.org,Zoé Müller\n", encoding=encoding)
    assert report.encoding == guessed
    assert Contact.objects.get().name == "Zoé Müller"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_guessed(delimiter):
    load(f'email{delimiter}name\nzoe@example.org{delimiter}"Zoé{delimiter} M."\n')
    assert Contact.objects.get().name == f"Zoé{delimiter} M.".replace("\t", " ").replace("  ", " ")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(newline):
    assert counts(load(newline.join(["email,name", "zoe@example.org,Zoé", "", "bad,Bad"]))) == (1, 0, 0, 1)


def test_excels_own_first_line_is_understood():
    report = load("sep=;\nemail;name\nzoe@example.org;Zoé\nbad;Bad\n")
    assert (report.new, report.errors[0].line) == (1, 4)


def test_columns_without_a_meaning_are_reported_and_left_alone():
    report = load("email,Prénom,attributes.plan,attributes.a b,\nzoe@example.org,Zoé,gold,x,\n")
    assert report.ignored_columns == ("Prénom", "attributes.a b")
    assert Contact.objects.get().attributes == {"plan": "gold"}


@pytest.mark.parametrize(
    ("row", "column", "value", "sentence"),
    [
        pytest.param("no-address,,,,", "E-Mail", "no-address", "Enter a valid email address.", id="email"),
        pytest.param(f"{'x' * 250}@example.org,,,,", "E-Mail", None, "at most 254 characters", id="long-email"),
        pytest.param("a@example.org,01 23,,,", "Phone", "01 23", "lacks its country", id="phone"),
        pytest.param("a@example.org,,Paris,,", "Zone", "Paris", "“Paris” is not an IANA time zone", id="zone"),
        pytest.param("a@example.org,,,de,", "Language", "de", "is not a valid choice", id="language"),
        pytest.param("a@example.org,,,,maybe", "Internal", "maybe", "“maybe” is neither yes nor no.", id="internal"),
        pytest.param(",,,fr,", "", "", "The row has neither an e-mail nor a phone.", id="no-address"),
        pytest.param("a@example.org,,,,,,Smith", "", "", "The row has 7 cells, but there are 5 columns", id="too-many-cells"),
    ],
)
def test_an_error_names_line_column_and_value(row, column, value, sentence):
    report = load(f"E-Mail,Phone,Zone,Language,Internal\n\ngood@example.org,,,,\n{row}\n")
    (error,) = report.errors
    assert (error.line, error.column) == (4, column)
    assert sentence in error.sentence
    if value is not None:
        assert error.value == value


def test_every_error_of_a_row_is_reported():
    report = load("email,phone,language\nx,y,z\n")
    assert [error.column for error in report.errors] == ["email", "phone", "language"]


def test_one_bad_row_keeps_the_whole_file_out():
    report = load("email\nzoe@example.org\nbad\n")
    assert counts(report) == (1, 0, 0, 1)
    assert not report.is_saved
    assert not Contact.objects.exists()
    assert not AuditEvent.objects.exists()


def test_good_rows_can_be_imported_without_the_bad_ones():
    report = load("email\nzoe@example.org\nbad\n", skip_errors=True)
    assert report.is_saved
    assert [contact.email for contact in Contact.objects.all()] == ["zoe@example.org"]


def test_a_dry_run_counts_and_saves_nothing():
    make_contact(email="ana@example.org")
    report = load("email,name\nana@example.org,Ana\nzoe@example.org,Zoé\n", dry_run=True)
    assert counts(report) == (1, 1, 0, 0)
    assert not report.is_saved
    assert Contact.objects.get().name == ""


def test_an_import_is_on_record():
    ana = make_user()
    load("email\nzoe@example.org\n", actor=ana)
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor, event.subject_id, event.detail["new"]) == ("contacts.imported", ana, "", 1)


def test_a_contact_named_twice_is_reported_with_the_first_line():
    report = load("email\nzoe@example.org\nZOE@example.org\n")
    assert [(error.line, error.sentence) for error in report.errors] == [(3, "The same contact already stands on line 2.")]


def test_a_row_without_email_is_found_by_phone():
    make_contact(email="ana@example.org", phone="+33123456789")
    assert counts(load("phone,name\n+33 1 23 45 67 89,Ana\n")) == (0, 1, 0, 0)
    assert Contact.objects.get().name == "Ana"


def test_a_new_email_completes_the_contact_that_had_only_the_phone():
    make_contact(email="", phone="+33123456789")
    load("phone,email\n+33123456789,ana@example.org\n")
    assert Contact.objects.get().email == "ana@example.org"


def test_a_shared_switchboard_does_not_turn_one_person_into_another():
    make_contact(email="ana@example.org", phone="+33123456789")
    assert counts(load("phone,email\n+33123456789,ben@example.org\n")) == (1, 0, 0, 0)
    assert sorted(Contact.objects.values_list("email", flat=True)) == ["ana@example.org", "ben@example.org"]


def test_a_phone_of_several_contacts_is_no_match():
    make_contact(email="ana@example.org", phone="+33123456789")
    make_contact(email="ben@example.org", phone="+33123456789")
    (error,) = load("phone,name\n+33123456789,Ana\n").errors
    assert error.sentence == "2 contacts have this phone; add the e-mail to say which is meant."


def test_two_rows_for_one_stored_contact_are_reported():
    make_contact(email="", phone="+33123456789")
    (error,) = load("email,phone\nana@example.org,+33123456789\n,+33123456789\n").errors
    assert (error.line, error.sentence) == (3, "This is the same contact as on line 2.")


def test_archived_contacts_stay_archived():
    make_contact(email="ana@example.org", archived_at=NOW)
    report = load("email,name\nana@example.org,Ana\n")
    assert (report.archived, report.changed) == (1, 0)
    assert not Contact.objects.active().exists()


def test_an_import_never_lifts_a_suppression():
    services.suppress(kind="email", address="ana@example.org", reason="unsubscribed", now=NOW)
    load("email\nana@example.org\n")
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "The file is empty", id="empty"),
        pytest.param(b"\n  \n,,\n", "The file is empty", id="blank"),
        pytest.param(b"name,city\nAna,Paris\n", "among them “email” or “phone”; it reads: name, city.", id="no-address-column"),
        pytest.param(b"email,E-Mail\na@b.org,c@d.org\n", "Several columns mean the same: “email”, “E-Mail”.", id="twice"),
        pytest.param(b"PK\x03\x04...", "This workbook cannot be read", id="xlsx"),
        pytest.param(b"email\n\x00\x01\x02\x00", "not a text file", id="binary"),
        pytest.param(b"email\nzo\x81@example.org\n", "neither UTF-8, UTF-16 nor Windows-1252", id="encoding"),
        pytest.param(b'email,name\na@b.org,"Ana\n', "The quotes of this row do not match", id="quotes"),
        pytest.param(b'email\n"' + b"x" * 200_000 + b'"\n', "a cell is too long", id="giant-cell"),
        pytest.param(b",".join([b"email"] * 201), "more than 200 columns", id="columns"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(data, sentence):
    report = load(data)
    (error,) = report.errors
    assert sentence in error.sentence
    assert not report.is_saved
    assert not report.is_readable


def test_unreadable_rows_name_their_line():
    (error,) = load(b'email,name\na@b.org,Ana\n"b@b.org"x,Ben\n').errors
    assert error.line == 3


def test_size_and_rows_are_capped(monkeypatch):
    monkeypatch.setattr("apps.common.sheets.MAX_ROWS", 2)
    assert "more than 2 rows" in load("email\na@b.org\nc@d.org\ne@f.org\n").errors[0].sentence
    monkeypatch.setattr("apps.common.sheets.MAX_BYTES", 10)
    assert "larger than" in load("email\na@b.org\n").errors[0].sentence


def test_errors_come_back_as_a_file_that_can_be_mended():
    report = load("email;name;phone\nbad;=1+1;+33123456789\ngood@example.org;Ana;\n")
    text = report.errors_csv().decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text), delimiter=";")
    assert header == ["email", "name", "phone", "reason"]
    assert row == ["bad", "'=1+1", "'+33123456789", "Line 2: email: Enter a valid email address."]


def test_a_mended_file_of_errors_can_be_imported_as_it_is():
    report = load("email,phone\nbad,+33123456789\n")
    mended = report.errors_csv().replace(b"bad", b"good@example.org")
    assert counts(load(mended)) == (1, 0, 0, 0)
    assert Contact.objects.get().phone == "+33123456789"


def test_control_characters_do_not_get_in():
    load(b'email,name\nana@example.org,"Ana\x07\r\nBcc: x"\n')
    assert Contact.objects.get().name == "Ana Bcc: x"


def test_many_rows_take_few_queries():
    rows = [f"p{number}@example.org,Person {number},gold" for number in range(1200)]
    with CaptureQueriesContext(
        connection,
    ) as first:
        assert load("\n".join(["email,name,attributes.plan", *rows])).new == 1200
    changed = [row.replace("Person", "Dr").replace("gold", "silver") for row in rows]
    with CaptureQueriesContext(connection) as second:
        assert load("\n".join(["email,name,attributes.plan", *changed])).changed == 1200
    assert len(first) < 40
    assert len(second) < 60
    assert Contact.objects.filter(name__startswith="Dr", attributes__plan="silver").count() == 1200


def test_changing_keeps_when_a_contact_was_created():
    ana = make_contact(email="ana@example.org")
    load("email,name\nana@example.org,Ana\n")
    assert Contact.objects.get().created_at == ana.created_at


def test_somebody_quicker_is_reported_and_nothing_is_saved(monkeypatch):
    def write_and_lose_the_race(chunk):
        written = write(chunk)
        make_contact(email="zoe@example.org")
        return written

    write = importing.write
    monkeypatch.setattr(importing, "write", write_and_lose_the_race)
    report = load("email\nana@example.org\nzoe@example.org\n")
    assert report.errors[0].sentence == "Somebody else changed contacts at the same time. Nothing was saved: please import again."
    assert not report.is_saved
    assert not Contact.objects.filter(email="ana@example.org").exists()


def planned(email, **fields):
    return Planned(line=2, contact_id=fields.pop("contact_id", None), values={"email": email} | fields)


def test_a_contact_that_came_since_the_check_is_changed_instead_of_added():
    zoe = make_contact(email="zoe@example.org", organisation="Acme")
    written = importing.write([planned("zoe@example.org", name="Zoé")])
    assert (written.added, written.updated, written.left_out) == (0, 1, 0)
    zoe.refresh_from_db()
    assert (zoe.name, zoe.organisation) == ("Zoé", "Acme")


def test_the_same_phone_alone_planned_twice_is_one_contact():
    for _ in range(2):
        importing.write([Planned(line=2, contact_id=None, values={"phone": "+33123456789", "name": "Switchboard"})])
    assert Contact.objects.count() == 1


def test_who_was_archived_or_erased_since_the_check_is_left_out():
    zoe = make_contact(email="zoe@example.org", archived_at=NOW)
    chunk = [planned("zoe@example.org", name="Zoé", contact_id=zoe.pk), planned("gone@example.org", contact_id=zoe.pk + 99)]
    assert importing.write(chunk).left_out == 2
    assert not Contact.objects.exclude(name="").exists()
