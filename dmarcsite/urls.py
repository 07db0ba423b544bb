from __future__ import annotations

from django.urls import include, path

from dmarcsite.people.views import address_stays, password_reset

handler400 = "dmarcsite.look.bad_request.bad_request"
urlpatterns = [
    path("", include("dmarcsite.pages")),
    path("", include("reports.urls")),
    path("", include("exceptions.urls")),
    # These two stand before those of allauth.
    path("accounts/email/", address_stays, name="account_email"),
    path("accounts/password/reset/", password_reset, name="account_reset_password"),
    path("accounts/", include("allauth.urls")),
]
