"""How the plain admin writes an instant: never without its zone."""

DATETIME_FORMAT = r"j F Y, H:i \U\T\CO"
