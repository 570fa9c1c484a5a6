from django.urls import path

from .views import log, pages, sample

app_name = "dashboard"
urlpatterns = [
    path("", pages.overview, name="overview"),
    path("sample/load/", sample.load, name="load-sample"),
    path("sample/remove/", sample.remove, name="remove-sample"),
    path("<int:campaign_id>/live/", pages.live, name="live"),
    path("<int:campaign_id>/live/now/", pages.live_now, name="live-now"),
    path("<int:campaign_id>/log/", log.log, name="log"),
    path("<int:campaign_id>/log.csv", log.log_file, name="log-file"),
    path("<int:campaign_id>/log/retry/", log.retry, name="retry"),
    path("<int:campaign_id>/log/<int:delivery_id>/", log.delivery, name="delivery"),
    path("<int:campaign_id>/log/<int:delivery_id>/message.html", log.delivery_html, name="delivery-html"),
    path("<int:campaign_id>/review/", pages.review, name="review"),
    path("<int:campaign_id>/review/<slug:name>.csv", pages.table, name="table"),
]
