from __future__ import annotations

from django.urls import path

from reports.views import (
    api,
    failures,
    ingestion,
    mailboxes,
    reports,
    reread,
    sign_in,
    sources,
    tls,
    tls_endpoints,
    tls_post,
    upload,
    upload_tokens,
)

app_name = "reports"
urlpatterns = [
    path("sources/", sources.source_list, name="source-list"),
    path("sources/<int:pk>/", sources.source_page, name="source-detail"),
    path("reports/", reports.report_list, name="report-list"),
    path("reports/<int:pk>/", reports.report_page, name="report-detail"),
    path("reports/<int:pk>/original.xml", reports.report_original, name="report-original"),
    path("failures/", failures.failure_list, name="failure-list"),
    path("failures/<int:pk>/", failures.failure_page, name="failure-detail"),
    path("failures/<int:pk>/reveal/", failures.failure_reveal, name="failure-reveal"),
    path("tls/", tls.tls_list, name="tls-list"),
    path("tls/<int:pk>/", tls.tls_page, name="tls-detail"),
    path("tls/endpoints/", tls_endpoints.endpoint_list, name="tls-endpoint-list"),
    path("tls/endpoints/<int:pk>/revoke/", tls_endpoints.endpoint_revoke, name="tls-endpoint-revoke"),
    path("tls-report/<str:secret>/", tls_post.tls_post, name="tls-post"),
    path("ingestion/", ingestion.ingestion, name="ingestion"),
    path("ingestion/messages/<int:pk>/", ingestion.message_page, name="message-detail"),
    path("ingestion/messages/<int:pk>/reread/", reread.message_reread, name="message-reread"),
    path("ingestion/reread/", reread.reread, name="reread"),
    path("ingestion/jobs/<int:pk>/", reread.job_page, name="job-detail"),
    path("ingestion/jobs/<int:pk>/cancel/", reread.job_cancel, name="job-cancel"),
    path("ingestion/mailboxes/new/", mailboxes.mailbox_create, name="mailbox-create"),
    path("ingestion/mailboxes/<int:pk>/", mailboxes.mailbox_edit, name="mailbox-edit"),
    path("ingestion/mailboxes/<int:pk>/delete/", mailboxes.mailbox_delete, name="mailbox-delete"),
    path("ingestion/mailboxes/<int:pk>/fetch/", mailboxes.mailbox_fetch, name="mailbox-fetch"),
    path("ingestion/mailboxes/<int:pk>/sign-in/", sign_in.mailbox_sign_in, name="mailbox-sign-in"),
    path("ingestion/sign-in/", sign_in.sign_in_return, name="sign-in-return"),
    path("ingestion/tokens/", upload_tokens.token_list, name="upload-token-list"),
    path("ingestion/tokens/<int:pk>/revoke/", upload_tokens.token_revoke, name="upload-token-revoke"),
    path("api/reports/", api.upload_reports, name="api-upload"),
    path("upload/", upload.upload, name="upload"),
]
