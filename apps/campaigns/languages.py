from django.utils.translation import get_language, get_language_info


def language_name(code: str) -> str:
    """The language in the reader's own: “French”, “anglais”; the code itself where Django knows no name for it."""
    try:
        name = str(get_language_info(code)["name_translated"])
    except KeyError:
        return code
    return name.lower() if (get_language() or "").startswith("fr") else name
