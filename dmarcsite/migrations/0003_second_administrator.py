from __future__ import annotations

from django.db import migrations

# A membership gives a role its effect, so this is where the second administrator is demanded, whoever writes.
# The first two administrators of an organisation are made without one, since nobody else could be.
FORWARD = """
CREATE FUNCTION membership_needs_second_administrator() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    administrators integer;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.role = OLD.role AND NEW.user_id = OLD.user_id
       AND NEW.organisation_id = OLD.organisation_id THEN
        RETURN NEW;
    END IF;
    SELECT count(*) INTO administrators FROM reports_membership
     WHERE organisation_id = NEW.organisation_id AND role = 'administrator';
    IF administrators < 2 THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT 1 FROM dmarcsite_rolegrant AS asked
         WHERE asked.organisation_id = NEW.organisation_id AND asked.user_id = NEW.user_id
           AND asked.role = NEW.role AND asked.state = 'granted'
           AND asked.second_by_id IS NOT NULL AND asked.second_by_id <> asked.proposed_by_id
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a role needs a second administrator' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'membership_second_administrator';
END $$;
CREATE TRIGGER membership_second_administrator BEFORE INSERT OR UPDATE ON reports_membership
    FOR EACH ROW EXECUTE FUNCTION membership_needs_second_administrator();
"""
BACKWARD = """
DROP TRIGGER membership_second_administrator ON reports_membership;
DROP FUNCTION membership_needs_second_administrator();
"""


class Migration(migrations.Migration):
    dependencies = [("dmarcsite", "0002_role_grant"), ("reports", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
