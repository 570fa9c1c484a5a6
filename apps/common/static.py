"""Where the files of the pages are served from."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Each under a name of its content for good, the modules that a script imports as well."""

    support_js_module_import_aggregation = True
