"""Sample data for an installation with nothing in it yet: loaded and removed with a button, and sent to nobody."""
