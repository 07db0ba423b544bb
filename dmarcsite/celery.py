"""The Celery application: JSON only, ids not objects, late acknowledgement, no result backend."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from celery.app.log import Logging

from dmarcsite.schedule import BEAT_SCHEDULE
from reports.following import about

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")


class FollowedTask(Task):  # type: ignore[misc]  # celery carries no types
    """Whatever is logged while a task runs names it."""

    def __call__(self, *args: Any, **kwargs: Any) -> object:
        if not self.request.id:  # called as a plain function
            return super().__call__(*args, **kwargs)
        with about(task=self.request.id):
            return super().__call__(*args, **kwargs)


class DjangosLogging(Logging):  # type: ignore[misc]  # celery carries no types
    """Workers and beat log as settings.LOGGING says, like every other process; `--loglevel` decides nothing."""

    def setup_logging_subsystem(self, *args: Any, **options: Any) -> bool:
        """Named by celery; true where it is to leave logging alone."""
        Logging._setup = True
        return True


app = Celery("dmarcsite", task_cls=FollowedTask, log=DjangosLogging)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=30 * 60,
    worker_prefetch_multiplier=1,
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
