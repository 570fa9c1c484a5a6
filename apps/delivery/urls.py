from django.urls import path

from . import views

app_name = "delivery"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
]
