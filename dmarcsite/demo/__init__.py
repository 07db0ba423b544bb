"""The demo organisation as plain data and real report mails; nothing here knows Django or the database."""

from __future__ import annotations
