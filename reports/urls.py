from __future__ import annotations

from django.urls import path

from reports.views import sources

app_name = "reports"
urlpatterns = [
    path("sources/", sources.source_list, name="source-list"),
    path("sources/<int:pk>/", sources.source_page, name="source-detail"),
]
