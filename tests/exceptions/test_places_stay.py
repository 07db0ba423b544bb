"""By SQL too, nobody swaps the organisation or the domain under what was decided about it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from exceptions.models import ExceptionRule
from exceptions.plans.services import mode_tighten
from exceptions.vocabulary import Mode, RuleState
from reports.models import Domain, Organisation
from tests.exceptions.cast import NOW, Cast, a_cast, a_rule, an_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return a_cast()


def swap(organisation_id: int, *, is_demo: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_organisation WHERE id = %s", [organisation_id])
        cursor.execute(
            "INSERT INTO reports_organisation (id, name, slug, is_demo, own_reporters, mailbox_reporters, created_at)"
            " VALUES (%s, 'Swapped', 'swapped', %s, '[]', '[]', now())",
            [organisation_id, is_demo],
        )


def test_an_organisation_is_not_made_a_demo_by_writing_it_anew(cast: Cast) -> None:
    a_rule(cast, state=RuleState.APPROVED)
    with pytest.raises(DatabaseError, match="history_is_kept"), transaction.atomic():
        swap(cast.organisation.pk, is_demo=True)
    assert Organisation.objects.get(pk=cast.organisation.pk).is_demo is False


def test_a_demo_with_rules_is_not_made_a_real_organisation_by_writing_it_anew() -> None:
    demo = a_cast(an_organisation("Demo", is_demo=True))
    a_rule(demo, state=RuleState.APPROVED)
    with pytest.raises(DatabaseError, match="history_is_kept"), transaction.atomic():
        swap(demo.organisation.pk, is_demo=False)
    assert ExceptionRule.objects.get().organisation.is_demo is True


def test_a_mode_is_not_loosened_by_giving_its_domain_another_name(cast: Cast) -> None:
    domain = Domain.objects.get(name="example.com")
    mode_tighten(viewer=cast.bob, domain_id=domain.pk, mode=Mode.REJECT, at=NOW)
    with pytest.raises(DatabaseError, match="domain_stays"), transaction.atomic():
        Domain.objects.filter(pk=domain.pk).update(name="elsewhere.example")
    theirs = an_organisation("Theirs")
    with pytest.raises(DatabaseError, match="domain_stays"), transaction.atomic():
        Domain.objects.filter(pk=domain.pk).update(organisation=theirs, name="moved.example")
    domain.refresh_from_db()
    assert (domain.name, domain.organisation_id) == ("example.com", cast.organisation.pk)
