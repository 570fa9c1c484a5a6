from django.urls import path

from . import views

app_name = "dashboard"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("<int:campaign_id>/live/", views.live, name="live"),
    path("<int:campaign_id>/live/now/", views.live_now, name="live-now"),
    path("<int:campaign_id>/review/", views.review, name="review"),
    path("<int:campaign_id>/review/<slug:name>.csv", views.table, name="table"),
]
