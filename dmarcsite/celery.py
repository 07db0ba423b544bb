"""The Celery application: JSON only, ids not objects, late acknowledgement, no result backend."""

from __future__ import annotations

import os

from celery import Celery

from dmarcsite.schedule import BEAT_SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")

app = Celery("dmarcsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=30 * 60,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 60 * 60},
    beat_schedule=BEAT_SCHEDULE,
    # It waits for name servers of strangers: a worker of its own takes it, so that nothing else waits for them.
    task_routes={
        "reports.tasks.look_up_addresses": {"queue": "enrich"},
        "reports.tasks.check_senders": {"queue": "enrich"},
    },
    timezone="UTC",
)
app.autodiscover_tasks()
