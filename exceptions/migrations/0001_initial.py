"""The tables of rules, enforcement and publication."""

from __future__ import annotations

import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import exceptions.vocabulary
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("reports", "0002_audit_chain"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key_id", models.CharField(max_length=16, unique=True)),
                ("public", models.CharField(max_length=44)),
                ("private", models.BinaryField()),
                ("created_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ExceptionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("proposed", "proposed"),
                            ("approved", "approved"),
                            ("revoked", "revoked"),
                            ("expired", "expired"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default=exceptions.vocabulary.RuleState["DRAFT"],
                        max_length=9,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("proposed_by_name", models.CharField(blank=True, max_length=320)),
                ("proposed_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "domain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to="reports.domain"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.organisation"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ModeChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "from_mode",
                    models.CharField(
                        choices=[("monitor", "monitor"), ("quarantine", "quarantine"), ("reject", "reject")],
                        max_length=10,
                    ),
                ),
                ("from_share", models.PositiveSmallIntegerField()),
                (
                    "mode",
                    models.CharField(
                        choices=[("monitor", "monitor"), ("quarantine", "quarantine"), ("reject", "reject")],
                        max_length=10,
                    ),
                ),
                ("share", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("approved", "approved"),
                            ("applied", "applied"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default=exceptions.vocabulary.ChangeState["PROPOSED"],
                        max_length=9,
                    ),
                ),
                ("reason", models.TextField()),
                ("proposed_by_name", models.CharField(max_length=320)),
                ("proposed_at", models.DateTimeField()),
                ("decided_by_name", models.CharField(blank=True, max_length=320)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "domain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="reports.domain",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.organisation"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EnforcementMode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "mode",
                    models.CharField(
                        choices=[("monitor", "monitor"), ("quarantine", "quarantine"), ("reject", "reject")],
                        max_length=10,
                    ),
                ),
                ("share", models.PositiveSmallIntegerField(default=100)),
                ("since", models.DateTimeField()),
                ("set_by_name", models.CharField(max_length=320)),
                (
                    "domain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="reports.domain",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.organisation"
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="exceptions.modechange",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("header_from", models.CharField(max_length=253)),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=43), blank=True, default=list, size=None
                    ),
                ),
                ("dkim_domain", models.CharField(blank=True, max_length=253, null=True)),
                ("envelope_domain", models.CharField(blank=True, max_length=253, null=True)),
                (
                    "recipients",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=320), blank=True, default=list, size=None
                    ),
                ),
                (
                    "action",
                    models.CharField(choices=[("deliver", "deliver"), ("quarantine", "quarantine")], max_length=10),
                ),
                (
                    "reason_code",
                    models.CharField(
                        choices=[
                            ("vendor_not_aligned", "vendor_not_aligned"),
                            ("forwarder_or_list", "forwarder_or_list"),
                            ("internal_application", "internal_application"),
                            ("migration", "migration"),
                            ("partner_outage", "partner_outage"),
                            ("other", "other"),
                        ],
                        max_length=24,
                    ),
                ),
                ("reason_text", models.TextField()),
                ("owner_name", models.CharField(max_length=320)),
                ("starts_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("author_name", models.CharField(max_length=320)),
                ("created_at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="exceptions.exceptionrule",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("approver_name", models.CharField(max_length=320)),
                ("at", models.DateTimeField()),
                ("reason", models.TextField(blank=True)),
                (
                    "approver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="exceptions.ruleversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField()),
                ("document", models.BinaryField()),
                ("content_sha256", models.CharField(max_length=64)),
                ("rules", models.PositiveIntegerField()),
                ("generated_at", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="reports.organisation"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="exceptionrule",
            index=models.Index(fields=["organisation", "state"], name="rule_by_state"),
        ),
        migrations.AddConstraint(
            model_name="exceptionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["draft", "proposed", "approved", "revoked", "expired", "rejected", "withdrawn"])
                ),
                name="rule_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [exceptions.vocabulary.RuleState["DRAFT"], exceptions.vocabulary.RuleState["WITHDRAWN"]],
                    ),
                    models.Q(
                        ("proposed_at__isnull", False),
                        ("proposed_by__isnull", False),
                        models.Q(("proposed_by_name", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="rule_proposal_is_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", True),
                        (
                            "state__in",
                            [
                                exceptions.vocabulary.RuleState["DRAFT"],
                                exceptions.vocabulary.RuleState["PROPOSED"],
                                exceptions.vocabulary.RuleState["APPROVED"],
                            ],
                        ),
                    ),
                    models.Q(
                        ("ended_at__isnull", False), ("state__in", ["expired", "rejected", "revoked", "withdrawn"])
                    ),
                    _connector="OR",
                ),
                name="rule_end_is_told",
            ),
        ),
        migrations.AddConstraint(
            model_name="modechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["proposed", "approved", "applied", "rejected", "withdrawn"])),
                name="mode_change_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="modechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("from_mode__in", ["monitor", "quarantine", "reject"]),
                    ("from_share__lte", 100),
                    ("mode__in", ["monitor", "quarantine", "reject"]),
                    ("share__lte", 100),
                ),
                name="mode_change_is_a_mode",
            ),
        ),
        migrations.AddConstraint(
            model_name="modechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "state__in",
                            [
                                exceptions.vocabulary.ChangeState["APPROVED"],
                                exceptions.vocabulary.ChangeState["APPLIED"],
                            ],
                        ),
                        _negated=True,
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="mode_change_four_eyes",
            ),
        ),
        migrations.AddConstraint(
            model_name="modechange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", exceptions.vocabulary.ChangeState["PROPOSED"])),
                fields=("organisation", "domain"),
                name="mode_change_one_open",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="enforcementmode",
            constraint=models.UniqueConstraint(
                fields=("organisation", "domain"), name="enforcement_mode_one_per_domain", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="enforcementmode",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["monitor", "quarantine", "reject"]), ("share__lte", 100)),
                name="enforcement_mode_is_a_mode",
            ),
        ),
        migrations.AddIndex(
            model_name="ruleversion",
            index=models.Index(fields=["header_from"], name="rule_version_by_from"),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.UniqueConstraint(fields=("rule", "number"), name="rule_version_once"),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "header_from__regex",
                        "^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$",
                    )
                ),
                name="rule_from_is_one_domain",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("dkim_domain__isnull", True),
                    (
                        "dkim_domain__regex",
                        "^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$",
                    ),
                    _connector="OR",
                ),
                name="rule_dkim_is_one_domain",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("envelope_domain__isnull", True),
                    (
                        "envelope_domain__regex",
                        "^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$",
                    ),
                    _connector="OR",
                ),
                name="rule_envelope_is_one_domain",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("networks", []), _negated=True),
                    ("dkim_domain__isnull", False),
                    ("envelope_domain__isnull", False),
                    _connector="OR",
                ),
                name="rule_has_source_evidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ["deliver", "quarantine"])), name="rule_action_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "reason_code__in",
                        [
                            "vendor_not_aligned",
                            "forwarder_or_list",
                            "internal_application",
                            "migration",
                            "partner_outage",
                            "other",
                        ],
                    )
                ),
                name="rule_reason_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_at__gt", models.F("starts_at")),
                    (
                        "expires_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("starts_at"), "+", models.Value(datetime.timedelta(days=90))
                        ),
                    ),
                ),
                name="rule_lifetime_is_bounded",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(fields=("version", "approver"), name="approval_once_per_person"),
        ),
        migrations.AddConstraint(
            model_name="snapshot",
            constraint=models.UniqueConstraint(fields=("organisation", "number"), name="snapshot_number_once"),
        ),
    ]
