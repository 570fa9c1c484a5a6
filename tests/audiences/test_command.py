from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.audiences.models import Contact

pytestmark = pytest.mark.django_db


def run(path, *options):
    out, err = StringIO(), StringIO()
    try:
        call_command("import_contacts", str(path), *options, stdout=out, stderr=err)
        failure = None
    except CommandError as error:
        failure = error
    return failure, out.getvalue(), err.getvalue()


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.csv"
    path.write_text("email;name\nzoe@example.org;Zoé\n", encoding="utf-8")
    return path


@pytest.fixture
def mixed(tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_text("email,city\nzoe@example.org,Lyon\nbad,Paris\n")
    return path


def test_a_good_file_is_imported(good):
    failure, out, err = run(good)
    assert (failure, err) == (None, "")
    assert out == "good.csv: utf-8, columns separated by ';'.\n1 contact was added.\n"
    assert Contact.objects.count() == 1


def test_a_dry_run_saves_nothing(good):
    failure, out, _err = run(good, "--dry-run")
    assert failure is None
    assert out.endswith("1 contact is new.\nNothing was saved: this was a dry run.\n")
    assert not Contact.objects.exists()


def test_a_file_with_errors_fails_and_saves_nothing(mixed):
    failure, out, err = run(mixed)
    assert str(failure) == "Nothing was saved."
    assert failure.returncode == 1
    assert err == "Line 3, email: Enter a valid email address. ('bad')\n"
    assert "1 row has errors.\nColumns without a meaning here are passed over: city.\n" in out
    assert not Contact.objects.exists()


def test_errors_can_be_skipped_and_written_to_a_file(mixed, tmp_path):
    errors = tmp_path / "errors.csv"
    failure, out, _err = run(mixed, "--skip-errors", "--errors-to", str(errors))
    assert failure is None
    assert "1 contact was added.\n1 row with errors was left out.\n" in out
    assert "bad,Paris" in errors.read_text(encoding="utf-8-sig")


def test_a_missing_file_is_named(tmp_path):
    failure, _out, _err = run(tmp_path / "none.csv")
    assert str(failure) == f"{tmp_path / 'none.csv'} cannot be read: No such file or directory."


def test_an_errors_file_that_cannot_be_written_is_named(mixed, tmp_path):
    failure, _out, _err = run(mixed, "--errors-to", str(tmp_path / "no" / "errors.csv"))
    assert "cannot be written" in str(failure)
