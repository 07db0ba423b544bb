"""Narrows lists by the address bar (django-filter). Nonsense in it never fails: a value that is none is left out."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db.models import CharField, F, Func, Model, Q, QuerySet, Value
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reports.access import viewer_of
from reports.masking import REPORT_SUBJECT
from reports.models import AggregateReport, Domain, FailureReport, Mailbox, Message, Source
from reports.selectors.parked import PARKED
from reports.selectors.report_list import domains
from reports.sentences.mailboxes import PLACE_KINDS
from reports.vocabulary import Channel, Outcome, SenderCheck


class ListFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """A filter whose period is counted in days back from now, in the time of `since_field`."""

    since_field = ""

    def within_days(self, rows: QuerySet[Model], _name: str, value: str) -> QuerySet[Model]:
        return rows.filter(**{f"{self.since_field}__gte": timezone.now() - timedelta(days=int(value))})


def _visible_domains(request: HttpRequest) -> QuerySet[Domain]:
    return domains(viewer_of(request))


def _own_mailboxes(request: HttpRequest) -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(organisation_id=viewer_of(request).organisation_id).order_by("name")


def _domain_of(field: str) -> Func:
    """What stands behind the last "@" of an address."""
    return Func(F(field), Value("@"), Value(-1), function="split_part", output_field=CharField())


def _days() -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(
        label=_("Period"),
        method="within_days",
        choices=[
            ("7", _("Last 7 days")),
            ("30", _("Last 30 days")),
            ("90", _("Last 90 days")),
            ("365", _("Last 365 days")),
        ],
        empty_label=_("Any time"),
    )


class PlainSelect(forms.Select):
    """A choice among hundreds of names: Django would fetch two templates for each of them, a fifth of a page's time."""

    def _render(self, template_name: str, context: dict[str, Any], renderer: object = None) -> SafeString:
        widget = context["widget"]
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (option["value"], flatatt(option["attrs"]), option["label"])
                for _group, options, _index in widget["optgroups"]
                for option in options
            ),
        )
        return format_html('<select name="{}"{}>{}</select>', widget["name"], flatatt(widget["attrs"]), options)


def _domain() -> django_filters.ModelChoiceFilter:
    return django_filters.ModelChoiceFilter(
        label=_("Domain"),
        queryset=_visible_domains,
        to_field_name="name",
        empty_label=_("All domains"),
        widget=PlainSelect,
    )


def _sender(method: str = "", field: str = "sender_check") -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(
        label=_("Sender of the mail"),
        method=method or None,
        field_name=field,
        choices=[
            (SenderCheck.VERIFIED.value, pgettext_lazy("sender", "Verified")),
            (SenderCheck.UNVERIFIED.value, pgettext_lazy("sender", "Unverified")),
            (SenderCheck.UNKNOWN.value, pgettext_lazy("sender", "Unknown")),
        ],
        empty_label=_("All senders"),
    )


REPORT_STATES: dict[str, Q] = {
    "clean": Q(repairs=[], rows_dropped=0),
    "repaired": ~Q(repairs=[]),
    "rejected": Q(rows_dropped__gt=0),
    "conflicting": Q(is_conflicting=True),
    "again": Q(sightings__gt=1),
    "empty": Q(rows=0),
    "failing": Q(failing__gt=0),
    "long": Q(is_long=True),
    "superseded": Q(superseded_by__isnull=False),
}


class ReportFilter(ListFilter):
    """Aggregate reports by reporter, domain, period, state and id."""

    since_field = "end"
    reporter = django_filters.CharFilter(label=_("Reporter"), method="by_reporter")
    domain = _domain()
    days = _days()
    status = django_filters.ChoiceFilter(
        label=_("State"),
        method="by_status",
        choices=[
            ("failing", _("With failing messages")),
            ("clean", _("Without deviations")),
            ("repaired", _("With repairs")),
            ("rejected", _("With rejected records")),
            ("conflicting", _("Conflicting")),
            ("again", _("Received again")),
            ("empty", _("Without records")),
            ("long", _("Longer than a day")),
            ("superseded", _("Superseded")),
        ],
        empty_label=_("All states"),
    )
    sender = _sender("by_sender")
    report_id = django_filters.CharFilter(label=_("Report id"), lookup_expr="icontains")

    class Meta:
        model = AggregateReport
        fields: list[str] = []

    def by_reporter(self, rows: QuerySet[Model], _name: str, value: str) -> QuerySet[Model]:
        return rows.filter(Q(org_name__icontains=value) | Q(email__icontains=value))

    def by_sender(self, rows: QuerySet[Model], _name: str, value: str) -> QuerySet[Model]:
        if value == SenderCheck.VERIFIED:
            return rows.filter(Q(message__sender_check=value) | Q(proven_by__isnull=False))
        return rows.filter(message__sender_check=value, proven_by__isnull=True)

    def by_status(self, rows: QuerySet[Model], _name: str, value: str) -> QuerySet[Model]:
        return rows.filter(REPORT_STATES[value])


class _AddressFilter(django_filters.Filter):  # type: ignore[misc]
    field_class = forms.GenericIPAddressField


class SourceFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Sources by who stands behind them (reports.selectors.identities.sources_of)."""

    service = django_filters.CharFilter(label=_("Service"), field_name="service", lookup_expr="icontains")
    asn = django_filters.NumberFilter(
        label=_("Network (AS number)"), field_name="asn", min_value=1, max_value=2**32 - 1
    )
    country = django_filters.CharFilter(
        label=_("Country (two letters)"), field_name="country", lookup_expr="iexact", max_length=2
    )

    class Meta:
        model = Source
        fields: list[str] = []

    @cached_property
    def narrowed(self) -> QuerySet[Source] | None:
        """The sources that fit; None where nothing is asked for. Looked for once: in each sum they would be, row by row."""
        if not self.form.is_valid() or all(value in ("", None) for value in self.form.cleaned_data.values()):
            return None
        return Source.objects.filter(pk__in=list(self.qs.values_list("pk", flat=True)))


class FailureFilter(ListFilter):
    """Failure reports by domain, source address, reporter's domain, delivery and period."""

    since_field = "arrived_at"
    domain = _domain()
    source = _AddressFilter(label=_("Source"), field_name="source_ip")
    reporter = django_filters.CharFilter(label=_("Reporter's domain"), method="by_reporter")
    delivery = django_filters.ChoiceFilter(
        label=_("Delivery"),
        field_name="delivery_result",
        choices=[
            ("delivered", pgettext_lazy("delivery result", "delivered")),
            ("spam", pgettext_lazy("delivery result", "to the spam folder")),
            ("policy", pgettext_lazy("delivery result", "not delivered, by policy")),
            ("reject", pgettext_lazy("delivery result", "rejected")),
        ],
        empty_label=_("All results"),
    )
    sender = _sender(field="message__sender_check")
    days = _days()

    class Meta:
        model = FailureReport
        fields: list[str] = []

    def by_reporter(self, rows: QuerySet[Model], _name: str, value: str) -> QuerySet[Model]:
        """By the domain alone: a search must not tell letter by letter what is masked."""
        found: QuerySet[Model] = rows.annotate(reporter_domain=_domain_of("reporter"))
        return found.filter(reporter_domain__icontains=value)


class MessageFilter(ListFilter):
    """Entries of the ledger by outcome, mailbox, way in, period, and words of sender, subject or file name."""

    since_field = "received_at"
    q = django_filters.CharFilter(label=_("Sender, subject or file"), method="by_words")
    outcome = django_filters.ChoiceFilter(
        label=_("Outcome"),
        method="by_outcome",
        choices=[
            (Outcome.STORED.value, _("Stored")),
            (Outcome.PARTIAL.value, _("Stored in part")),
            (Outcome.REFUSED.value, pgettext_lazy("message", "Refused")),
            (Outcome.DUPLICATE.value, _("Duplicate")),
            (Outcome.NOT_A_REPORT.value, _("Not a report")),
            ("parked", _("Parked: the reader failed on them")),
            ("waiting", _("Waiting to be read")),
        ],
        empty_label=_("All outcomes"),
    )
    mailbox = django_filters.ModelChoiceFilter(
        label=_("Mailbox"), queryset=_own_mailboxes, empty_label=_("All mailboxes")
    )
    channel = django_filters.ChoiceFilter(
        label=_("Way in"),
        choices=[
            *((kind, words) for kind, (words, _meaning) in PLACE_KINDS.items()),
            (Channel.UPLOAD.value, _("Upload")),
            (Channel.API.value, _("Upload API")),
            (Channel.PIPE.value, _("Mail server, by a pipe")),
            (Channel.LMTP.value, _("Mail server, over LMTP")),
            (Channel.FILE.value, _("Command line")),
            (Channel.PARSEDMARC.value, _("Taken over from parsedmarc")),
            (Channel.DEMO.value, _("Demonstration")),
        ],
        empty_label=_("All ways"),
    )
    sender = _sender()
    days = _days()

    class Meta:
        model = Message
        fields: list[str] = []

    def by_words(self, rows: QuerySet[Model], _name: str, value: str) -> QuerySet[Model]:
        """Only in what is shown in the clear: a search must not tell letter by letter what is masked."""
        clear = Q(subject__iregex=REPORT_SUBJECT) & (Q(subject__icontains=value) | Q(sender__icontains=value))
        found: QuerySet[Model] = rows.annotate(address_domain=_domain_of("sender"))
        return found.filter(clear | Q(address_domain__icontains=value) | Q(filename__icontains=value))

    def by_outcome(self, rows: QuerySet[Model], _name: str, value: str) -> QuerySet[Model]:
        if value == "parked":
            return rows.filter(**PARKED)
        return rows.filter(outcome=None if value == "waiting" else value)
