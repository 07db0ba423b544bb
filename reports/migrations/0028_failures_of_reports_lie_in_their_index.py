"""The reports with the most failures are found in an index alone, without another one to be kept with each report."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0027_sums_of_domains_lie_in_their_index"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="aggregatereport",
            name="aggregate_report_by_begin",
        ),
        migrations.AddIndex(
            model_name="aggregatereport",
            index=models.Index(
                fields=["organisation", "-begin", "-id"], include=("failing",), name="aggregate_report_by_begin"
            ),
        ),
    ]
