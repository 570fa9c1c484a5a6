from django.urls import path, re_path

from .views import feeds, logos, notices, subscribing

app_name = "publishing"
urlpatterns = [
    # Everything below /feeds/ is the view's, so that a damaged address gets its bare 404 and never a redirect.
    re_path(r"^feeds/(?P<name>.+)$", feeds.feed, name="feed"),
    re_path(r"^subscribe/(?P<token>.+)$", subscribing.subscribe, name="subscribe"),
    re_path(r"^logos/(?P<digest>[0-9a-f]{64})\.png$", logos.logo, name="logo"),
    path("windows/<uuid:uid>", notices.notice, name="notice"),
    path("windows/<uuid:uid>.atom", notices.notice_atom, name="notice_atom"),
    path("windows/<uuid:uid>.ics", notices.notice_calendar, name="notice_calendar"),
]
