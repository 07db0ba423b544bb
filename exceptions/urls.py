from __future__ import annotations

from django.urls import path

from exceptions.views import decisions, enforcement, feeds, impact, nodes, request, rules

app_name = "exceptions"
urlpatterns = [
    path("exceptions/", rules.rule_list, name="rule-list"),
    path("exceptions/new/", request.rule_create, name="rule-create"),
    path("exceptions/new/impact/", impact.rule_preview, name="rule-preview"),
    path("exceptions/<int:pk>/", rules.rule_page, name="rule-detail"),
    path("exceptions/<int:pk>/impact/", impact.rule_impact, name="rule-impact"),
    path("exceptions/<int:pk>/edit/", request.rule_edit_page, name="rule-edit"),
    path("exceptions/<int:pk>/propose/", decisions.rule_propose, name="rule-propose"),
    path("exceptions/<int:pk>/approve/", decisions.rule_approve, name="rule-approve"),
    path("exceptions/<int:pk>/reject/", decisions.rule_reject, name="rule-reject"),
    path("exceptions/<int:pk>/withdraw/", decisions.rule_withdraw, name="rule-withdraw"),
    path("exceptions/<int:pk>/revoke/", decisions.rule_revoke, name="rule-revoke"),
    path("enforcement/", enforcement.enforcement, name="enforcement"),
    path("enforcement/change/", enforcement.mode_change, name="mode-change"),
    path("enforcement/tighten/", enforcement.mode_tighten, name="mode-tighten"),
    path("enforcement/loosen/", enforcement.mode_propose, name="mode-propose"),
    path("enforcement/proposals/<int:pk>/approve/", enforcement.change_approve, name="change-approve"),
    path("enforcement/proposals/<int:pk>/reject/", enforcement.change_reject, name="change-reject"),
    path("enforcement/proposals/<int:pk>/withdraw/", enforcement.change_withdraw, name="change-withdraw"),
    path("nodes/", nodes.node_list, name="node-list"),
    path("nodes/enrol/", nodes.node_enrol, name="node-enrol"),
    path("nodes/<int:pk>/renew/", nodes.node_renew, name="node-renew"),
    path("nodes/<int:pk>/revoke/", nodes.node_revoke, name="node-revoke"),
    path("feeds/v1/<slug:slug>/policy.json", feeds.policy, name="feed-policy"),
    path("feeds/v1/<slug:slug>/events", feeds.events, name="feed-events"),
    path("feeds/v1/<slug:slug>/status", feeds.status, name="feed-status"),
]
