"""What runs beside the pages: publishing and tidying. Fetches, calls, reports; decides nothing."""

from __future__ import annotations

import logging

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from exceptions.errors import PublishError
from exceptions.lifecycle import marks
from exceptions.lifecycle.expiry import expire_due
from exceptions.publishing.publish import publish
from reports.selectors.organisations import real_organisation_ids

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, time_limit=300)  # type: ignore[untyped-decorator]  # celery has no types
def publish_policies() -> str:
    """Bring every organisation's policy up to date; one that cannot be published keeps its last one."""
    published = 0
    for organisation_id in real_organisation_ids():
        try:
            publish(organisation_id=organisation_id, at=timezone.now())
        except PublishError as error:
            logger.error("policy_not_published organisation=%s %s", organisation_id, error)
        else:
            published += 1
    return f"{published} policies up to date"


@shared_task(ignore_result=True, time_limit=300)  # type: ignore[untyped-decorator]
def mark_expired_rules() -> str:
    """Tell people which rules are over."""
    return f"{expire_due(at=timezone.now())} rules marked as expired"


@shared_task(ignore_result=True, time_limit=900)  # type: ignore[untyped-decorator]
def refresh_marks() -> str:
    """Let report pages know of sources that came up under rules that are in force."""
    return f"{marks.refresh_marks(at=timezone.now())} rules looked at"


def publish_soon() -> None:
    """After this transaction has committed, publish without waiting for the minute. A broker that is down delays it only:
    the change stands, and the next minute or the next request of a node publishes it.
    """
    transaction.on_commit(lambda: publish_policies.apply_async(retry=False), robust=True)
