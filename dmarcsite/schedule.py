"""What beat starts and when. `expires` is shorter than the period, so a slow worker never piles up stale runs."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

MINUTE = 60.0

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # The sign of life that /readyz and /metrics look at.
    "show a sign of life": {
        "task": "dmarcsite.tasks.beat",
        "schedule": MINUTE,
        "options": {"expires": 50.0},
    },
    # Finds the mailboxes that are due; each mailbox keeps its own interval.
    "dispatch due mailboxes": {
        "task": "reports.tasks.dispatch_due_mailboxes",
        "schedule": MINUTE,
        "options": {"expires": 50.0},
    },
    # Reads what a crash left stored but unread, and acknowledges what it left read but unacknowledged.
    "finish interrupted messages": {
        "task": "reports.tasks.finish_interrupted",
        "schedule": 5 * MINUTE,
        "options": {"expires": 4 * MINUTE},
    },
    # A task for the queue "enrich": who stands behind the addresses that reports name.
    "look up addresses": {
        "task": "reports.tasks.look_up_addresses",
        "schedule": MINUTE,
        "options": {"expires": 50.0},
    },
    # Who sent the mails that brought reports; it waits for name servers too.
    "check senders": {
        "task": "reports.tasks.check_senders",
        "schedule": MINUTE,
        "options": {"expires": 50.0},
    },
    # Begins what somebody asked for, and goes on with what a crash has ended.
    "carry rereads on": {
        "task": "reports.tasks.carry_rereads_on",
        "schedule": MINUTE / 4,
        "options": {"expires": 10.0},
    },
    # Begins the reading of an upload that nobody waits for, and goes on where a crash has ended it.
    "read uploads": {
        "task": "reports.tasks.read_uploads",
        "schedule": 5.0,
        "options": {"expires": 4.0},
    },
    # Publishing is level-triggered: whatever a lost task left undone is done within a minute.
    "publish policies": {
        "task": "exceptions.tasks.publish_policies",
        "schedule": MINUTE,
        "options": {"expires": 50.0},
    },
    # Bookkeeping for people: filters obey the clock, not this job.
    "mark expired rules": {
        "task": "exceptions.tasks.mark_expired_rules",
        "schedule": MINUTE,
        "options": {"expires": 50.0},
    },
    # A source that comes up under a rule in force is shown as excepted on report pages.
    "mark sources of rules": {
        "task": "exceptions.tasks.refresh_marks",
        "schedule": 60 * MINUTE,
        "options": {"expires": 50 * MINUTE},
    },
    # What is over its time goes.
    "tidy at night": {
        "task": "reports.tasks.tidy_at_night",
        "schedule": crontab(hour="2", minute="30"),
        "options": {"expires": 12 * 60 * MINUTE},
    },
    # Whether every sum still says what its rows say.
    "check sums": {
        "task": "reports.tasks.check_sums",
        "schedule": crontab(hour="4", minute="30"),
        "options": {"expires": 12 * 60 * MINUTE},
    },
}
