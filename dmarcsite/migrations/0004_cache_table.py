from __future__ import annotations

from django.db import migrations

# The table of Django's database cache, as `createcachetable` makes it. It holds the rate limits of the login alone, so
# that nobody is kept out, or let in, because the broker is down.
FORWARD = """
CREATE TABLE dmarcsite_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX dmarcsite_cache_expires ON dmarcsite_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("dmarcsite", "0003_second_administrator")]
    operations = [migrations.RunSQL(FORWARD, "DROP TABLE dmarcsite_cache")]
