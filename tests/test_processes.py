import gc
import subprocess
import sys

from config.celery import keep_what_is_loaded

# What a worker has loaded once it has everything it needs to write a message.
A_WORKER = """
import sys, config.celery
config.celery.app.loader.init_worker()
config.celery.load_what_letters_need()
from apps.delivery.links import open_urls
assert open_urls()
print(*sorted(name for name in sys.modules if name.startswith("apps.")))
"""


def test_a_worker_loads_no_page_of_the_admin():
    done = subprocess.run([sys.executable, "-c", A_WORKER], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "apps.delivery.tasks" in loaded
    assert not [name for name in loaded if ".admin" in name or name.startswith("apps.dashboard.views")]


def test_what_a_worker_has_loaded_is_passed_over_by_collections():
    try:
        keep_what_is_loaded()
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()
