from __future__ import annotations

from django.urls import URLPattern, path

from exceptions.views import feeds

app_name = "exceptions"
urlpatterns: list[URLPattern] = [
    path("feeds/v1/<slug:slug>/policy.json", feeds.policy, name="feed-policy"),
    path("feeds/v1/<slug:slug>/events", feeds.events, name="feed-events"),
    path("feeds/v1/<slug:slug>/status", feeds.status, name="feed-status"),
]
