"""Presentation tags for all pages: icons, badges, times, numbers. They read no database and decide nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext, pgettext, pgettext_lazy

from dmarcsite.look.badges import badge_for

register = template.Library()

MISSING = "–"
MOST_KEPT = 1000
"""Drawings that a process keeps, so that words that anybody may send fill no memory."""
SPRITE = "vendor/bootstrap-icons/sprite.svg"
MILLION = 1_000_000
MYRIADS = ((100_000_000, "億"), (10_000, "万"))
MINUTE = timedelta(minutes=1)
UNITS = (
    (86_400, pgettext_lazy("duration", "%(count)s d")),
    (3_600, pgettext_lazy("duration", "%(count)s h")),
    (60, pgettext_lazy("duration", "%(count)s min")),
    (1, pgettext_lazy("duration", "%(count)s s")),
)
SHORT = 10
"""Seconds below which a duration has a digit behind the point."""


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A drawing of the sprite; silent for screen readers unless `label` says what it means."""
    return _icon(name, str(label))


@lru_cache(MOST_KEPT)
def _icon(name: str, label: str) -> SafeString:
    href = f"{static(SPRITE)}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href)


@register.simple_tag
def badge(family: str, value: object, note: str = "") -> SafeString:
    """A word with icon, colour and pattern. Families and values: dmarcsite.look.badges. `note` is read out after it."""
    if value in (None, ""):
        return SafeString(MISSING)
    return _badge(family, str(value), str(note), get_language())


@lru_cache(MOST_KEPT)
def _badge(family: str, word: str, note: str, _language: str | None) -> SafeString:
    """Lists say the same few words hundreds of times: each is drawn once in a language."""
    return render_to_string("_badge.html", {"badge": badge_for(family, word), "note": note})


@register.filter
def badge_label(value: object, family: str) -> str:
    """Only the word of a badge, for sentences, options and titles."""
    return str(badge_for(family, value).label)


@register.filter
def number(value: float | None) -> str:
    """A count with grouped digits: 41,207."""
    return MISSING if value is None else f"{value:,}"


@register.filter
def compact(value: int | None) -> str:
    """A large count in at most four digits: 1.92 M, in Japanese 192万; below that like `number`."""
    if value is None or abs(value) < MILLION:
        return number(value)
    if (get_language() or "").startswith("ja"):
        size, unit = next((size, unit) for size, unit in MYRIADS if abs(value) >= size)
        return f"{_three_digits(value / size)}{unit}"
    return pgettext("millions", "%(number)s M") % {"number": _three_digits(value / MILLION)}


def _three_digits(value: float) -> str:
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(0, 3 - whole)}f}"


@register.simple_tag
def percent(part: float | None, whole: float | None, digits: int = 1) -> str:
    """part of whole in per cent: "98.5 %"; a dash when there is nothing to divide by. Never rounds up to 100."""
    if not whole or part is None:
        return MISSING
    share = 100 * part / whole
    shown = f"{share:.{digits}f}"
    if share < 100 and float(shown) >= 100:  # noqa: PLR2004 - 99.99 % is not all
        shown = f"{100 - 10**-digits:.{digits}f}"
    return f"{shown}\u202f%"


@register.filter
def duration(value: timedelta | None) -> str:
    """How long something took, in its two largest units: 2 h 15 min; 41 s; 0.8 s."""
    if value is None:
        return MISSING
    left = max(0.0, value.total_seconds())
    if left < SHORT:
        return str(UNITS[-1][1]) % {"count": f"{left:.1f}".removesuffix(".0")}
    whole = round(left) if left < UNITS[1][0] else round(left / 60) * 60
    counts = []
    for size, words in UNITS:
        count, whole = divmod(whole, size)
        counts.append((count, words))
    first = next(place for place, (count, _) in enumerate(counts) if count)
    return " ".join(str(words) % {"count": count} for count, words in counts[first : first + 2] if count)


@register.simple_tag
def ago(moment: datetime | None, never: str = "") -> SafeString | str:
    """A moment relative to now, in one unit ("3 days ago", "in 2 hours"), the exact time in the title."""
    if moment is None:
        return never or MISSING
    now = timezone.now()
    if abs(now - moment) < MINUTE:
        words = gettext("just now")
    elif moment < now:
        words = pgettext("past", "%(time)s ago") % {"time": timesince(moment, now, depth=1)}
    else:
        words = pgettext("future", "in %(time)s") % {"time": timesince(now, moment, depth=1)}
    return _time(moment, words=words, title=_exact(moment))


@register.simple_tag
def stamp(moment: datetime | None, never: str = "") -> SafeString | str:
    """A moment as people write it, always with its zone: 3 Nov 2026 09:10 UTC."""
    return _time(moment, words=_exact(moment)) if moment else never or MISSING


@register.simple_tag
def day(value: date | None) -> SafeString | str:
    """A UTC day: 3 Nov 2026."""
    if value is None:
        return MISSING
    words = date_format(value, pgettext("date format", "j M Y"))
    return format_html('<time datetime="{}">{}</time>', value.strftime("%Y-%m-%d"), words)


def _exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{date_format(local, pgettext('date format', 'j M Y'))} {local:%H:%M} {local.tzname()}"


def _time(moment: datetime, *, words: str, title: str = "") -> SafeString:
    if title:
        return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), title, words)
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), words)


@register.filter
def styled(field: Any) -> Any:  # noqa: ANN401 - a bound field, whatever its form
    """The bound field drawn with our classes, tied to its help and its errors for screen readers."""
    widget = field.field.widget
    if widget.use_fieldset:  # a group of inputs: Django would write our class on the group too
        return field.as_widget()
    kind = getattr(widget, "input_type", "")
    name = {"checkbox": "form-check-input", "radio": "form-check-input", "select": "form-select"}.get(
        kind, "form-control"
    )
    attrs = {"class": f"{widget.attrs.get('class', '')} {name}{' is-invalid' if field.errors else ''}".strip()}
    described = [f"{field.auto_id}-help"] if field.help_text else []
    if field.errors:
        described.append(f"{field.auto_id}-errors")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)
