"""A real SMTP server that keeps what it receives, and pages that show it as a mail program would."""
