from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("dmarcsite.pages")),
    path("", include("reports.urls")),
    path("", include("exceptions.urls")),
    path("accounts/", include("allauth.urls")),
]
