from django.utils.translation import get_language_info


def language_name(code: str) -> str:
    """The language in the reader's own: “French”, “allemand”; the code itself where Django knows no name for it."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
