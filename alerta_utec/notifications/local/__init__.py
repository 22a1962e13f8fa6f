"""Notifications on one machine: SMTP, a Maildir or Apprise, with a queue in SQLite."""
