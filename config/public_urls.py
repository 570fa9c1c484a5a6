"""What recipients and readers of feeds open: all that a message may point to.

A worker that writes messages needs these addresses and no page of the admin, and reads no more than this.
"""

from django.urls import include, path

urlpatterns = [
    path("", include("apps.tracking.urls")),
    path("", include("apps.publishing.urls")),
]
