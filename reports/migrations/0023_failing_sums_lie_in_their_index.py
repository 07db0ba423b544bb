"""The sums of failing sources are read from their index alone, which PostgreSQL can where it has just been vacuumed.

By default it would wait until a fifth of the table is new: the days that pages show would never be among it.
"""

from django.db import migrations, models

OFTEN = """
ALTER TABLE reports_sourceday SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);
ALTER TABLE reports_domainday SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01);
"""
AS_USUAL = """
ALTER TABLE reports_sourceday RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE reports_domainday RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0022_long_reports_servers_changed"),
    ]

    operations = [
        migrations.RunSQL(OFTEN, AS_USUAL),
        migrations.RemoveIndex(
            model_name="sourceday",
            name="source_day_failing",
        ),
        migrations.AddIndex(
            model_name="sourceday",
            index=models.Index(
                condition=models.Q(("messages__gt", models.F("aligned"))),
                fields=["organisation", "day", "domain"],
                include=("lens", "source", "verdict", "messages", "aligned"),
                name="source_day_failing_sums",
            ),
        ),
    ]
