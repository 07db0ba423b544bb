from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from dmarcsite.celery import app as celery_app

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
application = get_wsgi_application()
