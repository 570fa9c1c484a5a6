from django.urls import path, re_path

from .views.hits import follow_link, open_pixel
from .views.preferences import preferences
from .views.tickets import receive_ticket
from .views.unsubscribe import unsubscribe

app_name = "tracking"
# Everything below each prefix belongs to its view, so that a damaged address gets that view's answer, not a debug page.
urlpatterns = [
    re_path(r"^o/(?P<signed>.*)\.gif$", open_pixel, name="open"),
    re_path(r"^c/(?P<signed>.*)$", follow_link, name="click"),
    re_path(r"^u/(?P<signed>[^/]*)/preferences$", preferences, name="preferences"),
    re_path(r"^u/(?P<signed>.*)$", unsubscribe, name="unsubscribe"),
    path("hooks/tickets/<str:path>", receive_ticket, name="ticket_hook"),
]
