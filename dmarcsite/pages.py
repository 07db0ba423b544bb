"""The URLs of what spans both sides: Overview, people, health, language and look."""

from __future__ import annotations

from django.urls import URLPattern, include, path

from dmarcsite.health import healthz
from dmarcsite.look.theme import set_theme

urlpatterns: list[URLPattern] = [
    path("healthz", healthz, name="healthz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("theme/", set_theme, name="theme"),
]
