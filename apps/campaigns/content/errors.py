class ContentError(Exception):
    """A text is missing or cannot be rendered; the message is a whole sentence for the planner, naming what and where."""
