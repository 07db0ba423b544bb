"""What the commands that import share: whose reports these are, and the public form of what became of each."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from reports.ingest.outcome import Result
from reports.ingest.public import as_fields
from reports.models import Organisation
from reports.sentences.reasons import explain
from reports.vocabulary import Outcome

__all__ = ["OUTCOMES", "as_fields", "organisation_named", "sentence"]
OUTCOMES = {
    Outcome.STORED: pgettext_lazy("outcome of a file", "stored"),
    Outcome.DUPLICATE: pgettext_lazy("outcome of a file", "stored before"),
    Outcome.PARTIAL: pgettext_lazy("outcome of a file", "stored in part"),
    Outcome.REFUSED: pgettext_lazy("outcome of a file", "refused"),
    Outcome.NOT_A_REPORT: pgettext_lazy("outcome of a file", "not a report"),
}


def organisation_named(slug: str | None) -> Organisation:
    """The organisation, or without a name the only one; raises CommandError where that is none or several."""
    organisations = Organisation.objects.filter(slug=slug) if slug else Organisation.objects.filter(is_demo=False)
    try:
        return organisations.get()
    except Organisation.DoesNotExist:
        if not (slugs := _slugs(Organisation.objects.all())):
            raise CommandError(_("There is no organisation yet: the first start makes it.")) from None
        raise CommandError(_("There is no such organisation. There are: %(slugs)s.") % {"slugs": slugs}) from None
    except Organisation.MultipleObjectsReturned:
        raise CommandError(
            _("Say whose reports these are: --organisation with one of %(slugs)s.") % {"slugs": _slugs(organisations)}
        ) from None


def _slugs(organisations: QuerySet[Organisation]) -> str:
    return ", ".join(organisations.order_by("slug").values_list("slug", flat=True))


def sentence(place: object, result: Result) -> str:
    """How a file or a report ended, for people."""
    count = len(result.reports) + result.unnamed
    reports = ngettext("%(count)d report", "%(count)d reports", count) % {"count": count}
    text = f"{place}: {OUTCOMES[result.outcome]}, {reports}."
    if result.reason:
        params = next((problem.params for problem in result.problems if problem.code == result.reason), ())
        text += f" {explain(result.reason, dict(params)).meaning}"
    return text
