from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("dmarcsite.pages")),
    path("", include("reports.urls")),
    path("", include("exceptions.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
