"""What only programs ask for is answered without what concerns people; all else passes through the whole middleware."""

import uuid

import pytest
from django.http import HttpResponse
from django.utils.translation import get_language

from apps.common.programs import ProgramsMiddleware, for_programs
from apps.common.tokens import Purpose, sign

FOR_PEOPLE = ("Content-Security-Policy", "X-Frame-Options", "Content-Language")


@pytest.fixture
def pixel() -> str:
    return f"/o/{sign(Purpose.OPEN, uuid.uuid4())}.gif"


def test_a_pixel_passes_by_what_concerns_people(client, pixel):
    answer = client.get(pixel)

    assert not [name for name in FOR_PEOPLE if name in answer]
    assert (answer["Content-Length"], answer["X-Content-Type-Options"]) == ("43", "nosniff")
    assert not answer.cookies


@pytest.mark.django_db
def test_a_page_has_all_that_guards_a_browser(client):
    answer = client.get("/admin/login/")

    assert [name for name in FOR_PEOPLE if name in answer] == [*FOR_PEOPLE]


@pytest.mark.django_db
def test_what_is_no_address_of_a_program_goes_the_usual_way(client):
    answer = client.get("/o/not-a-picture")

    assert answer.status_code == 404
    assert "Content-Security-Policy" in answer


def test_only_marked_views_are_called_at_once(rf, monkeypatch, pixel):
    heard = []

    @for_programs
    def view(request, signed):
        heard.append((signed, get_language()))
        return HttpResponse("program")

    def answer_of(found):
        monkeypatch.setattr("apps.common.programs.resolve", lambda *_: found)
        return ProgramsMiddleware(lambda _request: HttpResponse("people"))(rf.get(pixel, HTTP_ACCEPT_LANGUAGE="fr")).content

    assert answer_of(Match(view)) == b"program"
    assert heard == [("x", "en")]
    assert answer_of(Match(lambda request, signed: HttpResponse())) == b"people"


class Match:
    args, kwargs = (), {"signed": "x"}

    def __init__(self, func):
        self.func = func
