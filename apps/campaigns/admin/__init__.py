from . import brand, message_templates, playbooks, windows

__all__ = ["brand", "message_templates", "playbooks", "windows"]
