from django.db import migrations, models

# Whatever deletes a row or moves its bytes, be it a cascade or SQL by hand, leaves a note of the object. A note that is
# being tidied away is waited for ("DO UPDATE"), since it may be the note of an older object of this name.
TRIGGERS = r"""
CREATE FUNCTION reports_object_is_loose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO reports_looseobject (name, due_at)
    VALUES (OLD.organisation_id || '/' || encode(OLD.sha256, 'hex'), now())
    ON CONFLICT (name) DO UPDATE SET due_at = reports_looseobject.due_at;
    RETURN NULL;
END $$;
CREATE TRIGGER object_is_loose_when_its_row_goes AFTER DELETE ON reports_rawmessage
    FOR EACH ROW WHEN (OLD.object_key IS NOT NULL) EXECUTE FUNCTION reports_object_is_loose();
CREATE TRIGGER object_is_loose_when_its_bytes_move AFTER UPDATE OF object_key ON reports_rawmessage
    FOR EACH ROW WHEN (OLD.object_key IS NOT NULL AND NEW.object_key IS NULL) EXECUTE FUNCTION reports_object_is_loose();
"""

NO_TRIGGERS = r"""
DROP TRIGGER object_is_loose_when_its_row_goes ON reports_rawmessage;
DROP TRIGGER object_is_loose_when_its_bytes_move ON reports_rawmessage;
DROP FUNCTION reports_object_is_loose();
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0017_fewer_checks_per_mail")]
    operations = [
        migrations.CreateModel(
            name="LooseObject",
            fields=[
                ("name", models.CharField(max_length=120, primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            model_name="rawmessage",
            name="object_key",
            field=models.CharField(blank=True, max_length=8, null=True),
        ),
        migrations.AlterField(
            model_name="rawmessage",
            name="sealed",
            field=models.BinaryField(null=True),
        ),
        migrations.AddIndex(
            model_name="rawmessage",
            index=models.Index(
                condition=models.Q(("object_key__isnull", False)), fields=["id"], name="raw_message_in_bucket"
            ),
        ),
        migrations.AddConstraint(
            model_name="rawmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("object_key__isnull", False), ("sealed__isnull", True)),
                    models.Q(("object_key__isnull", True), ("sealed__isnull", False)),
                    _connector="OR",
                ),
                name="raw_message_in_one_place",
            ),
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
