"""The site. Names the Celery application, so that tasks which pages send go to our broker and to no default one."""

from __future__ import annotations

from dmarcsite.celery import app as celery_app

__all__ = ["celery_app"]
