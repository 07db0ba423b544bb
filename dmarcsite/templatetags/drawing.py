"""Server-drawn figures: bars in table rows and the data of a chart. Only geometry: no colours, no sums of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

register = template.Library()

HEIGHT = 24
STEP = 4
WIDTH = 3
TICK = 1


@register.inclusion_tag("_sparkline.html")
def sparkline(values: Sequence[int], label: str, tone: str = "failing", totals: Sequence[int] = ()) -> dict[str, Any]:
    """Thin bars, one per day, oldest first; `totals` stand behind them in grey. `label` says it all in words."""
    top = max([*values, *totals, 1])
    return {
        "label": label,
        "tone": tone,
        "width": max(len(values), len(totals)) * STEP,
        "height": HEIGHT,
        "behind": _bars(totals, top=top),
        "bars": _bars(values, top=top),
    }


def _bars(values: Sequence[int], *, top: int) -> str:
    """Bars on a common scale, as one path. A day with anything at all is at least one unit high: little is not nothing."""
    bars = []
    for place, value in enumerate(values):
        if value > 0:
            high = max(2 * TICK, round(HEIGHT * value / top))
            bars.append(f"M{place * STEP} {HEIGHT - high}h{WIDTH}v{high}h-{WIDTH}z")
    return "".join(bars)


@register.filter
def chart_rows(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The chart's numbers turned into table rows: one per label, one value per series."""
    columns = [series["values"] for series in chart["series"]]
    return [{"label": label, "cells": cells} for label, *cells in zip(chart["labels"], *columns, strict=True)]


@register.simple_tag
def chart_data(chart: Mapping[str, Any]) -> SafeString:
    """The chart as a JSON data block beside its canvas; no script that a strict policy would have to allow."""
    return json_script(chart, f"{chart['id']}-data")


@register.inclusion_tag("_share_bar.html")
def share_bar(parts: Sequence[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """One bar of 100 per cent; each part has `tone`, `value` and `label`. Nothing is drawn when all parts are 0."""
    total = sum(part["value"] for part in parts)
    drawn, x = [], 0.0
    for part in parts:
        if total and part["value"]:
            width = 100 * part["value"] / total
            drawn.append({"tone": part["tone"], "x": f"{x:.3f}", "width": f"{width:.3f}"})
            x += width
    return {"label": label, "parts": drawn, "legend": parts, "total": total}
