"""The usual consumer of maintnote (circuit-maintenance-parser), where it is at hand.

It needs icalendar below 6, so .ci/run makes it an environment of its own and names its Python by MAINTNOTE_PYTHON.
"""

import json
import os
import subprocess
from typing import Any

import pytest

CONSUMER = os.environ.get("MAINTNOTE_PYTHON", "")
READ = """
import json, sys
from circuit_maintenance_parser import NotificationData, init_provider
data = NotificationData.init_from_raw("ical", sys.stdin.buffer.read())
print(json.dumps([json.loads(each.to_json()) for each in init_provider("genericprovider").get_maintenances(data)]))
"""
needs_consumer = pytest.mark.skipif(not CONSUMER, reason="MAINTNOTE_PYTHON names no Python with circuit-maintenance-parser")


def read_by_consumer(content: bytes) -> list[dict[str, Any]]:
    run = subprocess.run([CONSUMER, "-c", READ], input=content, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return json.loads(run.stdout)
