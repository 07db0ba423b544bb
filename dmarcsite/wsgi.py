"""What the web server serves, loaded as a whole before its first visitor comes."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from dmarcsite.celery import app as celery_app

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
application = get_wsgi_application()
get_resolver().check()  # imports every view: else the first visitor would wait a second for that
# What is loaded stays. To look through all of it for garbage holds a page up for a tenth of a second, now and then.
gc.collect()
gc.freeze()
