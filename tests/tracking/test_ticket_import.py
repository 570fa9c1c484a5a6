import io

import pytest
from django.core.management import CommandError, call_command

from apps.tracking.models import Ticket
from apps.tracking.ticket_import import import_tickets
from tests.factories import HOUR, NOW, make_campaign
from tests.tracking.factories import make_ticket_source

pytestmark = pytest.mark.django_db

GOOD = "id,opened_at,subject,requester_email,organisation,status,tags\n1,2026-03-02 10:30,Slow,cem@example.org,Acme,open,a;b\n"
MIXED = GOOD + "2,yesterday,,,,,\n3,2026-03-02T09:00:00Z,,nobody,,,\n4,2026-03-02T09:00:00Z,,,,,\n"


def load(text, source=None, **options):
    source = source or make_ticket_source(time_zone="Europe/Paris")
    return import_tickets(io.BytesIO(text.encode()), source=source, **options)


def test_tickets_are_recorded_in_the_sources_zone():
    report = load(GOOD)
    assert (report.new, report.updated, report.is_saved, report.problems) == (1, 0, True, ())
    ticket = Ticket.objects.get()
    assert (ticket.external_id, ticket.opened_at, ticket.tags) == ("1", NOW + HOUR / 2, ["a", "b"])


def test_same_file_again_updates():
    source = make_ticket_source(time_zone="Europe/Paris")
    load(GOOD, source)
    report = load(GOOD.replace("open,", "closed,"), source)
    assert (report.new, report.updated, Ticket.objects.get().status) == (0, 1, "closed")


def test_one_bad_row_keeps_the_whole_file_out():
    report = load(MIXED)
    assert not report.is_saved
    assert [(problem.line, problem.column) for problem in report.problems] == [(3, "opened_at"), (4, "requester_email")]
    assert report.problems[0].sentence == "Expected an ISO 8601 time such as 2026-03-02T09:30:00Z."
    assert not Ticket.objects.exists()


def test_bad_rows_can_be_left_out():
    report = load(MIXED, skip_errors=True)
    assert (report.new, report.is_saved, len(report.problems)) == (2, True, 2)
    assert Ticket.objects.count() == 2


def test_unknown_campaign_is_a_problem_of_its_row():
    campaign = make_campaign()
    text = f"id;opened_at;campaign\n1;2026-03-02T09:00:00Z;{campaign.window.uid}\n2;2026-03-02T09:00:00Z;999999\n"
    report = load(text, skip_errors=True)
    assert [(problem.line, problem.column) for problem in report.problems] == [(3, "campaign")]
    assert Ticket.objects.get().campaign == campaign


@pytest.mark.parametrize("text", ["", "subject\nx\n", "id\n1\n", 'id,opened_at\n"1,2\n'])
def test_unusable_file_is_refused_with_a_sentence(text):
    report = load(text)
    assert not report.is_saved
    assert report.problems[0].sentence


def test_dry_run_records_nothing():
    report = load(GOOD, dry_run=True)
    assert (report.new, report.is_saved) == (1, False)
    assert not Ticket.objects.exists()


def test_command_imports_and_reports(tmp_path, capsys):
    source, file = make_ticket_source(), tmp_path / "tickets.csv"
    file.write_text(MIXED.replace("2026-03-02 10:30", "2026-03-02T10:30:00Z"))
    with pytest.raises(CommandError, match="Nothing was recorded"):
        call_command("import_tickets", source.slug, str(file))
    assert "line 3, opened_at:" in capsys.readouterr().err
    call_command("import_tickets", source.slug, str(file), "--skip-errors")
    assert "2 tickets were recorded, 0 updated." in capsys.readouterr().out


def test_command_names_what_it_cannot_find(tmp_path):
    with pytest.raises(CommandError, match="no ticket source “x”; there are: none yet"):
        call_command("import_tickets", "x", "y")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_tickets", make_ticket_source().slug, str(tmp_path / "none.csv"))
