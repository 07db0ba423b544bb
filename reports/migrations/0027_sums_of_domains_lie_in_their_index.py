"""All that was ever reported of each domain is added up from an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0026_pages_of_arrivals"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="domainday",
            name="domain_day_by_domain",
        ),
        migrations.AddIndex(
            model_name="domainday",
            index=models.Index(
                fields=["domain", "day"], include=("organisation", "messages"), name="domain_day_by_domain"
            ),
        ),
    ]
