from django.contrib import admin
from django.urls import path

from .views.circuits import reset_circuit
from .views.halt import halt_page
from .views.health import healthz
from .views.steering import pause_page, resume_page

app_name = "delivery"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("sending/installation/", halt_page, name="halt"),
    path("sending/<slug:kind>/<int:pk>/pause/", pause_page, name="pause"),
    path("sending/<slug:kind>/<int:pk>/resume/", resume_page, name="resume"),
    path("circuits/<int:channel_id>/reset/", admin.site.admin_view(reset_circuit), name="reset_circuit"),
]
