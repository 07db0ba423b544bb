from __future__ import annotations

from django.urls import include, path

from dmarcsite.people.views import address_stays

handler400 = "dmarcsite.look.bad_request.bad_request"
urlpatterns = [
    path("", include("dmarcsite.pages")),
    path("", include("reports.urls")),
    path("", include("exceptions.urls")),
    path("accounts/email/", address_stays, name="account_email"),  # before the one of allauth
    path("accounts/", include("allauth.urls")),
]
