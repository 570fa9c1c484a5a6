"""What a worker does with an import: on lease, in chunks, and after the death of the one before."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError

from apps.audiences import importing, intake
from apps.audiences.models import Contact, ContactFile, ContactImport, ImportState, Suppression
from tests.factories import NOW, make_contact, make_user

pytestmark = pytest.mark.django_db


def clock():
    return NOW


def later():
    return NOW + timedelta(minutes=5)


def uploaded(rows=3, *, head="email,name\n", line="p{0}@example.org,P{0}\n"):
    content = head + "".join(line.format(number) for number in range(rows))
    job = intake.receive(SimpleUploadedFile("people.csv", content.encode()), actor=make_user(), now=NOW)
    intake.confirm_columns(job, job.meanings, now=NOW)
    return job


def checked(rows=3, **options):
    job = uploaded(rows, **options)
    assert intake.work(clock=clock, seconds=60) is False
    job.refresh_from_db()
    return job


def begun(rows=3, **options):
    job = checked(rows, **options)
    assert intake.begin_import(job, skip_errors=True)
    job.refresh_from_db()
    return job


class Killed(BaseException):
    """A worker dies: nothing of its code runs any more."""


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 10)


def die_in_chunk(monkeypatch, number, *, after_writing=True):
    write, calls = importing.write, []

    def dying(chunk):
        calls.append(chunk)
        written = write(chunk)
        if len(calls) == number:
            raise Killed
        return written

    monkeypatch.setattr(importing, "write", dying)
    return lambda: monkeypatch.setattr(importing, "write", write)


def test_a_worker_checks_and_then_imports():
    job = begun()
    intake.work(clock=clock, seconds=60)
    job.refresh_from_db()
    assert (job.state, job.new, job.added, job.done, job.total) == (ImportState.IMPORTED, 3, 3, 3, 3)
    assert (job.claim, job.leased_until, job.writes) == (None, None, None)
    assert Contact.objects.count() == 3


def test_after_the_death_of_a_worker_the_next_goes_on_and_doubles_nothing(small_chunks, monkeypatch):
    job = begun(35, head="phone,name\n", line="+3312345{0:04d},P{0}\n")
    revive = die_in_chunk(monkeypatch, 3)
    with pytest.raises(Killed):
        intake.work(clock=clock, seconds=60)
    job.refresh_from_db()
    assert (job.state, job.done, Contact.objects.count()) == (ImportState.IMPORTING, 20, 20)
    revive()
    intake.work(clock=clock, seconds=60)
    assert Contact.objects.count() == 20, "the lease of the dead still holds"
    intake.work(clock=later, seconds=60)
    job.refresh_from_db()
    assert (job.state, job.added, Contact.objects.count()) == (ImportState.IMPORTED, 35, 35)


def test_a_check_that_died_begins_again():
    job = uploaded()
    assert intake.claim(NOW) == job
    assert intake.claim(NOW) is None
    intake.work(clock=later, seconds=60)
    job.refresh_from_db()
    assert (job.state, job.new) == (ImportState.CHECKED, 3)


def test_who_was_overtaken_takes_its_chunk_back(small_chunks, monkeypatch):
    job = begun(25)
    write = importing.write

    def overtaken(chunk):
        ContactImport.objects.update(claim=None)
        return write(chunk)

    monkeypatch.setattr(importing, "write", overtaken)
    intake.work_on(job, clock=clock, seconds=60)
    assert not Contact.objects.exists()


def test_time_over_gives_the_rest_back(small_chunks):
    job = begun(25)
    intake.work_on(job, clock=clock, seconds=0)
    job.refresh_from_db()
    assert (job.state, job.done, job.claim) == (ImportState.IMPORTING, 10, None)
    intake.work(clock=clock, seconds=60)
    assert Contact.objects.count() == 25


def test_one_import_writes_at_a_time():
    first, second = checked(), checked(head="phone\n", line="+3312345670{0}\n")
    for job in (first, second):
        intake.begin_import(job, skip_errors=False)
    assert intake.claim(NOW) == first
    assert intake.claim(NOW) is None
    first.refresh_from_db()
    ContactImport.objects.filter(pk=first.pk).update(state=ImportState.IMPORTED, claim=None, leased_until=None, writes=None)
    assert intake.claim(NOW) == second


def test_the_same_file_twice_at_once_is_there_once():
    for job in [checked(head="phone,name\n", line="+3312345670{0},P{0}\n") for _ in range(2)]:
        intake.begin_import(job, skip_errors=False)
    intake.work(clock=clock, seconds=60)
    second, first = ContactImport.objects.all()
    assert (first.added, second.added, Contact.objects.count()) == (3, 0, 3)


def test_what_makes_workers_die_is_given_up(monkeypatch, small_chunks):
    job = begun(15)
    die_in_chunk(monkeypatch, 1)
    now = NOW
    for _ in range(intake.MAX_ATTEMPTS):
        monkeypatch.undo()
        monkeypatch.setattr(importing, "CHUNK", 10)
        die_in_chunk(monkeypatch, 1)
        with pytest.raises(Killed):
            intake.work(clock=lambda at=now: at, seconds=60)
        now += timedelta(minutes=5)
    intake.work(clock=lambda: now, seconds=60)
    job.refresh_from_db()
    assert job.state == ImportState.STOPPED
    assert "begun 3 times" in job.problem
    monkeypatch.undo()
    assert intake.go_on(job)
    intake.work(clock=lambda: now, seconds=60)
    assert Contact.objects.count() == 15


def test_a_row_that_somebody_is_writing_is_left_out_and_the_others_are_not(monkeypatch):
    job = begun(3)
    write = importing.write

    def racing(chunk):
        if any(planned.values["email"] == "p1@example.org" for planned in chunk):
            raise IntegrityError
        return write(chunk)

    monkeypatch.setattr(importing, "write", racing)
    intake.work(clock=clock, seconds=60)
    job.refresh_from_db()
    assert (job.state, job.added, job.left_out) == (ImportState.IMPORTED, 2, 1)


def test_an_import_subscribes_nobody_again():
    Suppression.objects.create(kind="email", address="p0@example.org", reason="unsubscribed")
    begun()
    intake.work(clock=clock, seconds=60)
    assert Suppression.objects.get().address == "p0@example.org"
    assert Contact.objects.filter(email="p0@example.org").exists()


def test_order_means_nothing_across_chunks(small_chunks):
    """Ana has the switchboard's phone; further down the switchboard itself stands, which is nobody's e-mail."""
    filler = "".join(f"f{number}@example.org,,F\n" for number in range(20))
    text = f"email,phone,name\nana@example.org,+33123456789,Ana\n{filler},+33123456789,Switchboard\n"
    job = intake.receive(SimpleUploadedFile("p.csv", text.encode()), actor=make_user(), now=NOW)
    intake.confirm_columns(job, job.meanings, now=NOW)
    intake.work(clock=clock, seconds=60)
    intake.begin_import(job, skip_errors=False)
    intake.work(clock=clock, seconds=60)
    assert set(Contact.objects.filter(phone="+33123456789").values_list("name", flat=True)) == {"Ana", "Switchboard"}


def test_a_discarded_file_is_not_checked_to_the_end(monkeypatch):
    job = uploaded()
    assert intake.claim(NOW)
    job.refresh_from_db()
    assert not intake.discard(job), "while it is being checked it is not thrown away"
    assert ContactFile.objects.exists()


def test_counts_are_of_rows_by_what_becomes_of_them():
    make_contact(email="p0@example.org", name="P0")
    make_contact(email="p1@example.org", name="Old")
    make_contact(email="p2@example.org", archived_at=NOW)
    job = checked(4, line="p{0}@example.org,P{0}\n")
    assert (job.rows, job.new, job.changed, job.unchanged, job.archived) == (4, 1, 1, 1, 1)


def test_reasons_are_in_the_language_of_who_uploaded():
    ana = make_user(language="fr")
    job = intake.receive(SimpleUploadedFile("p.csv", b"email\nbad\n"), actor=ana, now=NOW)
    intake.confirm_columns(job, job.meanings, now=NOW)
    intake.work(clock=clock, seconds=60)
    job.refresh_from_db()
    assert job.first_errors[0]["sentence"] == "Saisissez une adresse de courriel valide."
