"""The URLs of what spans both sides: Overview, people, audit, health, language and look."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from dmarcsite.audit.views import audit
from dmarcsite.demo.views import remove
from dmarcsite.domains import views as domains
from dmarcsite.health import healthz
from dmarcsite.look.theme import set_theme
from dmarcsite.monitoring.views import metrics, readyz
from dmarcsite.organisation import retention
from dmarcsite.organisation.views import settings
from dmarcsite.overview import overview
from dmarcsite.people import views as people

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview, name="overview"),
    path("people/", people.people, name="people"),
    path("people/propose/", people.role_propose, name="role-propose"),
    path("people/proposals/<int:pk>/second/", people.role_second, name="role-second"),
    path("people/proposals/<int:pk>/refuse/", people.role_refuse, name="role-refuse"),
    path("people/members/<int:pk>/end/", people.membership_end, name="membership-end"),
    path("invitations/<str:token>/", people.invitation, name="invitation"),
    path("organisation/", people.organisation_choose, name="organisation-choose"),
    path("organisation/settings/", settings, name="organisation-settings"),
    path("organisation/retention/", retention.retention, name="organisation-retention"),
    path("domains/<int:pk>/hold/", retention.hold, name="domain-hold"),
    path("domains/", domains.domains, name="domains"),
    path("domains/name/", domains.domain_name, name="domain-name"),
    path("domains/<int:pk>/drop/", domains.domain_drop, name="domain-drop"),
    path("audit/", audit, name="audit"),
    path("demo/remove/", remove, name="demo-remove"),
    path("theme/", set_theme, name="theme"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("i18n/", include("django.conf.urls.i18n")),
]
