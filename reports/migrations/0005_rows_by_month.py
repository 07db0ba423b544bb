"""Rows of aggregate reports are partitioned by month; a report can be kept without being counted.

The rows move into a new table. A report takes its rows along when it is deleted (trigger), in place of a foreign key.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

TO_MONTHS = r"""
ALTER TABLE reports_aggregaterow RENAME TO reports_aggregaterow_before;

CREATE TABLE reports_aggregaterow (
    organisation_id bigint NOT NULL,
    domain_id bigint NOT NULL,
    report_id bigint NOT NULL,
    source_id bigint NOT NULL,
    count bigint NOT NULL CONSTRAINT reports_aggregaterow_count_not_negative CHECK (count >= 0),
    day date NOT NULL,
    position integer NOT NULL CONSTRAINT reports_aggregaterow_position_not_negative CHECK (position >= 0),
    is_aligned boolean NOT NULL,
    has_raw_pass boolean NOT NULL,
    source_ip inet NOT NULL,
    lens varchar(9) NOT NULL,
    verdict varchar(10) NOT NULL,
    disposition varchar(64) NOT NULL,
    dkim varchar(20) NOT NULL,
    spf varchar(20) NOT NULL,
    header_from varchar(320) NOT NULL,
    envelope_from varchar(320),
    envelope_to varchar(320),
    reasons jsonb NOT NULL,
    dkim_results jsonb NOT NULL,
    spf_results jsonb NOT NULL
) PARTITION BY RANGE (day);
CREATE TABLE reports_aggregaterow_default PARTITION OF reports_aggregaterow DEFAULT;

-- Months outside of these years are left to the default partition, as reports.partitions does.
DO $$
DECLARE month date;
BEGIN
    FOR month IN
        SELECT DISTINCT date_trunc('month', day)::date FROM reports_aggregaterow_before
        WHERE day BETWEEN current_date - 1825 AND current_date + 365
    LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF reports_aggregaterow FOR VALUES FROM (%L) TO (%L)',
            'reports_aggregaterow_' || to_char(month, 'YYYY_MM'), month, (month + interval '1 month')::date
        );
    END LOOP;
END $$;

INSERT INTO reports_aggregaterow (
    organisation_id, domain_id, report_id, source_id, count, day, position, is_aligned, has_raw_pass, source_ip, lens,
    verdict, disposition, dkim, spf, header_from, envelope_from, envelope_to, reasons, dkim_results, spf_results
) SELECT
    organisation_id, domain_id, report_id, source_id, count, day, position, is_aligned, has_raw_pass, source_ip, lens,
    verdict, disposition, dkim, spf, header_from, envelope_from, envelope_to, reasons, dkim_results, spf_results
FROM reports_aggregaterow_before;
DROP TABLE reports_aggregaterow_before;

ALTER TABLE reports_aggregaterow ADD PRIMARY KEY (organisation_id, domain_id, day, report_id, position);
ALTER TABLE reports_aggregaterow ADD CONSTRAINT aggregate_row_alignment_agrees
    CHECK (is_aligned = (dkim = 'pass' OR spf = 'pass'));
CREATE INDEX aggregate_row_by_source ON reports_aggregaterow (source_id, day);

CREATE FUNCTION reports_rows_go_with_their_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM reports_aggregaterow r USING gone g
    WHERE r.organisation_id = g.organisation_id AND r.domain_id = g.domain_id AND r.day = g.day AND r.report_id = g.id;
    RETURN NULL;
END $$;
CREATE TRIGGER rows_go_with_their_report AFTER DELETE ON reports_aggregatereport
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION reports_rows_go_with_their_report();
"""

TO_ONE_TABLE = r"""
DROP TRIGGER rows_go_with_their_report ON reports_aggregatereport;
DROP FUNCTION reports_rows_go_with_their_report();
ALTER TABLE reports_aggregaterow RENAME TO reports_aggregaterow_before;
CREATE TABLE reports_aggregaterow (LIKE reports_aggregaterow_before INCLUDING CONSTRAINTS);
INSERT INTO reports_aggregaterow SELECT * FROM reports_aggregaterow_before;
DROP TABLE reports_aggregaterow_before;
ALTER TABLE reports_aggregaterow ADD PRIMARY KEY (report_id, position, day);
ALTER TABLE reports_aggregaterow ADD FOREIGN KEY (report_id) REFERENCES reports_aggregatereport DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX aggregate_row_bucket ON reports_aggregaterow (organisation_id, domain_id, day);
CREATE INDEX aggregate_row_by_source ON reports_aggregaterow (source_id, day);
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_address_identity")]
    operations = [
        migrations.AddField(
            model_name="aggregatereport",
            name="is_counted",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddIndex(
            model_name="aggregatereport",
            index=models.Index(
                condition=models.Q(("is_counted", False)), fields=["organisation"], name="aggregate_report_not_counted"
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TO_MONTHS, TO_ONE_TABLE)],
            state_operations=[
                migrations.RemoveIndex(model_name="aggregaterow", name="aggregate_row_bucket"),
                migrations.AlterField(
                    model_name="aggregaterow",
                    name="report",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="report_rows",
                        to="reports.aggregatereport",
                    ),
                ),
                migrations.AlterField(
                    model_name="aggregaterow",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "organisation",
                        "domain",
                        "day",
                        "report",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
        ),
    ]
