"""A seconded grant gives its role once, and what was granted to whom, and by whom, stays as it was written."""

from __future__ import annotations

from django.db import migrations

# Otherwise a role that was taken away could be put back by one person, on the strength of the old grant.
SPEND = """
CREATE OR REPLACE FUNCTION membership_needs_second_administrator() RETURNS trigger LANGUAGE plpgsql AS $$
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
    UPDATE dmarcsite_rolegrant SET effective_at = now()
     WHERE id = (
        SELECT id FROM dmarcsite_rolegrant AS asked
         WHERE asked.organisation_id = NEW.organisation_id AND asked.user_id = NEW.user_id
           AND asked.role = NEW.role AND asked.state = 'granted' AND asked.effective_at IS NULL
           AND asked.second_by_id IS NOT NULL AND asked.second_by_id <> asked.proposed_by_id
         ORDER BY id LIMIT 1 FOR UPDATE
     );
    IF FOUND THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a role needs a second administrator' USING ERRCODE = 'check_violation',
        CONSTRAINT = 'membership_second_administrator';
END $$;
"""

# People who are deleted (with the demonstration) leave NULL behind; nothing else may take a name's place.
FREEZE = """
CREATE FUNCTION role_grant_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.organisation_id, NEW.email, NEW.role) IS DISTINCT FROM (OLD.organisation_id, OLD.email, OLD.role)
       OR NEW.proposed_by_id <> OLD.proposed_by_id OR (NEW.proposed_by_id IS NOT NULL AND OLD.proposed_by_id IS NULL)
       OR NEW.second_by_id <> OLD.second_by_id
       OR NEW.user_id <> OLD.user_id
       OR (OLD.state <> 'proposed' AND NEW.second_by_id IS NOT NULL AND OLD.second_by_id IS NULL)
       OR (OLD.effective_at IS NOT NULL AND (NEW.effective_at IS NULL OR NEW.user_id IS NOT NULL AND OLD.user_id IS NULL))
    THEN
        RAISE EXCEPTION 'role_grant_is_frozen: what was granted does not change' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'role_grant_is_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER role_grant_stays BEFORE UPDATE ON dmarcsite_rolegrant
    FOR EACH ROW EXECUTE FUNCTION role_grant_stays();
"""
THAW = """
DROP TRIGGER role_grant_stays ON dmarcsite_rolegrant;
DROP FUNCTION role_grant_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("dmarcsite", "0004_cache_table")]
    operations = [migrations.RunSQL(SPEND, migrations.RunSQL.noop), migrations.RunSQL(FREEZE, THAW)]
