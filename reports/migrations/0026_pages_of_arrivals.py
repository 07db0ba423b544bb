"""What came in is counted by outcomes from an index alone, and found by a rare outcome; long reports are known to be rare.

Without a statistic of their length PostgreSQL takes a third of all reports for long, and reads all of a domain to find them.
"""

from django.db import migrations, models

LENGTHS = """
CREATE STATISTICS aggregate_report_length ON ("end" - "begin") FROM reports_aggregatereport;
ANALYZE reports_aggregatereport;
"""
OFTEN = "ALTER TABLE reports_message SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01)"
AS_USUAL = "ALTER TABLE reports_message RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor)"


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0025_installations_are_told_apart"),
    ]

    operations = [
        migrations.RunSQL(LENGTHS, "DROP STATISTICS aggregate_report_length"),
        migrations.RunSQL(OFTEN, AS_USUAL),
        migrations.RemoveIndex(
            model_name="message",
            name="message_by_arrival",
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["organisation", "-received_at"], include=("outcome",), name="message_by_arrival"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("outcome__in", ["duplicate", "partial", "refused", "not_a_report"])),
                fields=["organisation", "outcome", "-received_at", "-id"],
                name="message_set_aside",
            ),
        ),
    ]
