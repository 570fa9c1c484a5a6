from django.contrib import admin
from django.urls import path

from .views.alarms import alarm_way_page
from .views.circuits import reset_circuit
from .views.halt import halt_page
from .views.health import healthz
from .views.rehearsals import rehearsal_link, rehearsal_now, rehearsal_page, rehearse_page, stop_page
from .views.steering import pause_page, resume_page
from .views.updates import hold_page, release_page, update_page

app_name = "delivery"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("sending/installation/", halt_page, name="halt"),
    path("sending/alarms/", alarm_way_page, name="alarm_way"),
    path("sending/updates/<int:pk>/", update_page, name="update"),
    path("sending/updates/<int:pk>/pause/", hold_page, name="hold_updates"),
    path("sending/updates/<int:pk>/resume/", release_page, name="release_updates"),  # before "resume", which names all others
    path("sending/<slug:kind>/<int:pk>/pause/", pause_page, name="pause"),
    path("sending/<slug:kind>/<int:pk>/resume/", resume_page, name="resume"),
    path("sending/campaigns/<int:campaign_id>/rehearse/", rehearse_page, name="rehearse"),
    path("sending/rehearsals/<int:pk>/", rehearsal_page, name="rehearsal"),
    path("sending/rehearsals/<int:pk>/now/", rehearsal_now, name="rehearsal_now"),
    path("sending/rehearsals/<int:pk>/stop/", stop_page, name="stop_rehearsal"),
    path("rehearsal/<slug:what>/", rehearsal_link, name="rehearsal_link"),
    path("circuits/<int:channel_id>/reset/", admin.site.admin_view(reset_circuit), name="reset_circuit"),
]
