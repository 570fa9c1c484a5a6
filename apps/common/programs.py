"""Addresses that only programs ask for, thousands of times: led straight to their views, past what concerns people alone."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation

View = TypeVar("View", bound=Callable[..., HttpResponse])


def for_programs(view: View) -> View:
    """A view that knows no session, person, message or form, and whose answer is no page: nothing in it is for a browser to guard.

    Nor may it ask by which name it was reached: nobody has compared that with ALLOWED_HOSTS.
    """
    view.is_for_programs = True  # type: ignore[attr-defined]
    return view


class ProgramsMiddleware:
    """Calls views `for_programs` at once. What stands behind it in MIDDLEWARE costs an open pixel more than the pixel itself.

    Looks only at paths that begin like one of PROGRAM_PATHS, since finding a view costs something too. The language is the
    installation's own, since nobody's is known.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(settings.PROGRAM_PATHS):
            return self.get_response(request)
        try:
            match = resolve(request.path_info, settings.PUBLIC_URLCONF)
        except Resolver404:
            return self.get_response(request)
        if not getattr(match.func, "is_for_programs", False):
            return self.get_response(request)
        request.resolver_match = match
        with translation.override(settings.LANGUAGE_CODE):
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
            return response
