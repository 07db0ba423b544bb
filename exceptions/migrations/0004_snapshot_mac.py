from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("exceptions", "0003_second_person_loosens")]
    # What stood there before proves nothing: the next publication makes a snapshot anew.
    operations = [migrations.RenameField("snapshot", "content_sha256", "mac")]
