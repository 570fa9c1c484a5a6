from . import message_templates, playbooks, windows

__all__ = ["message_templates", "playbooks", "windows"]
