import os

import pytest


def pytest_collection_modifyitems(items):
    """Drills start whole installations and take half a minute each: they run when they are asked for."""
    if os.environ.get("DRILLS"):
        return
    for item in items:
        if "tests/drills/" in str(item.path).replace(os.sep, "/"):
            item.add_marker(pytest.mark.skip(reason="a drill: runs with DRILLS=1"))
