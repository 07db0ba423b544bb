"""What the database forbids about enforcement, whoever writes: nobody alone lets more mail in.

A mode becomes looser only by spending a change that somebody other than its proposer approved. Each serves once: the
row that takes it turns it from approved to applied in the same statement.
"""

from __future__ import annotations

from django.db import migrations

STRICTNESS = r"""
-- How much is held back: 0 for monitor, then one per cent of pairs each up to quarantine (100) and reject (200), since
-- the pairs outside the share are treated one step lower. Equal figures mean equal treatment of every message.
CREATE FUNCTION exceptions_strictness(mode text, share integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE mode WHEN 'monitor' THEN 0 WHEN 'quarantine' THEN share WHEN 'reject' THEN 100 + share END
$$;

-- What is in force for a domain (null: the default): its own row, else that of its nearest parent, else the default.
CREATE FUNCTION exceptions_strictness_of(of_organisation bigint, of_domain bigint) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT exceptions_strictness(row.mode, row.share)
          FROM exceptions_enforcementmode AS row
          LEFT JOIN reports_domain AS covering ON covering.id = row.domain_id
          LEFT JOIN reports_domain AS wanted ON wanted.id = of_domain
         WHERE row.organisation_id = of_organisation
           AND (row.domain_id IS NULL OR right('.' || wanted.name, length(covering.name) + 1) = '.' || covering.name)
         ORDER BY length(covering.name) DESC NULLS LAST LIMIT 1
    ), 0)
$$;
"""

MODES = r"""
CREATE FUNCTION exceptions_mode_needs_second_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    strictness integer := exceptions_strictness(NEW.mode, NEW.share);
    before integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.organisation_id, NEW.domain_id) IS DISTINCT FROM (OLD.organisation_id, OLD.domain_id) THEN
            PERFORM exceptions_refuse('enforcement_mode_stays', 'a mode stays with its domain');
        END IF;
        before := exceptions_strictness(OLD.mode, OLD.share);
    ELSE
        before := exceptions_strictness_of(NEW.organisation_id, NEW.domain_id);
    END IF;
    IF strictness >= before THEN
        RETURN NEW;
    END IF;
    UPDATE exceptions_modechange SET state = 'applied'
     WHERE id = NEW.change_id AND state = 'approved' AND organisation_id = NEW.organisation_id
       AND domain_id IS NOT DISTINCT FROM NEW.domain_id AND mode = NEW.mode AND share = NEW.share
       AND exceptions_strictness(from_mode, from_share) = before;
    IF NOT FOUND THEN
        PERFORM exceptions_refuse('mode_change_four_eyes', 'looser enforcement needs a change that a second person approved');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER enforcement_mode_needs_second_person BEFORE INSERT OR UPDATE ON exceptions_enforcementmode
    FOR EACH ROW EXECUTE FUNCTION exceptions_mode_needs_second_person();
CREATE TRIGGER enforcement_mode_is_kept BEFORE DELETE ON exceptions_enforcementmode
    FOR EACH ROW EXECUTE FUNCTION exceptions_only_demo_is_removed();
CREATE TRIGGER enforcement_mode_never_truncated BEFORE TRUNCATE ON exceptions_enforcementmode
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_never_changes();
CREATE CONSTRAINT TRIGGER enforcement_mode_removed_with_organisation AFTER DELETE ON exceptions_enforcementmode
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION exceptions_removed_with_organisation();
"""

CHANGES = r"""
CREATE FUNCTION exceptions_mode_change_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' OR NEW.decided_by_id IS NOT NULL THEN
            PERFORM exceptions_refuse('mode_change_begins_proposed', 'a change begins as a proposal');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state || ' > ' || NEW.state NOT IN (
        'proposed > approved', 'proposed > rejected', 'proposed > withdrawn', 'approved > applied'
    ) THEN
        PERFORM exceptions_refuse('mode_change_step_known', format('there is no step %s > %s', OLD.state, NEW.state));
    END IF;
    IF (NEW.organisation_id, NEW.domain_id, NEW.from_mode, NEW.from_share, NEW.mode, NEW.share, NEW.reason,
        NEW.proposed_by_id, NEW.proposed_by_name, NEW.proposed_at) IS DISTINCT FROM
       (OLD.organisation_id, OLD.domain_id, OLD.from_mode, OLD.from_share, OLD.mode, OLD.share, OLD.reason,
        OLD.proposed_by_id, OLD.proposed_by_name, OLD.proposed_at)
       OR (OLD.state = 'approved' AND NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id) THEN
        PERFORM exceptions_refuse('mode_change_is_frozen', 'what was proposed, and by whom, does not change');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mode_change_moves BEFORE INSERT OR UPDATE ON exceptions_modechange
    FOR EACH ROW EXECUTE FUNCTION exceptions_mode_change_moves();
CREATE TRIGGER mode_change_is_kept BEFORE DELETE ON exceptions_modechange
    FOR EACH ROW EXECUTE FUNCTION exceptions_only_demo_is_removed();
CREATE TRIGGER mode_change_never_truncated BEFORE TRUNCATE ON exceptions_modechange
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_never_changes();
CREATE CONSTRAINT TRIGGER mode_change_removed_with_organisation AFTER DELETE ON exceptions_modechange
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION exceptions_removed_with_organisation();
"""

SNAPSHOTS = r"""
CREATE FUNCTION exceptions_snapshot_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM exceptions_snapshot WHERE organisation_id = NEW.organisation_id AND number >= NEW.number) THEN
        PERFORM exceptions_refuse('snapshot_number_rises', 'a policy has a higher number than those before it');
    END IF;
    IF EXISTS (SELECT 1 FROM reports_organisation WHERE id = NEW.organisation_id AND is_demo) THEN
        PERFORM exceptions_refuse('snapshot_never_demo', 'the demo organisation is never published');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER snapshot_follows BEFORE INSERT ON exceptions_snapshot
    FOR EACH ROW EXECUTE FUNCTION exceptions_snapshot_follows();
CREATE TRIGGER snapshot_never_changes BEFORE UPDATE ON exceptions_snapshot
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_never_changes();
"""

BACKWARD = """
DROP TRIGGER snapshot_never_changes ON exceptions_snapshot;
DROP TRIGGER snapshot_follows ON exceptions_snapshot;
DROP TRIGGER mode_change_removed_with_organisation ON exceptions_modechange;
DROP TRIGGER mode_change_never_truncated ON exceptions_modechange;
DROP TRIGGER mode_change_is_kept ON exceptions_modechange;
DROP TRIGGER mode_change_moves ON exceptions_modechange;
DROP TRIGGER enforcement_mode_removed_with_organisation ON exceptions_enforcementmode;
DROP TRIGGER enforcement_mode_never_truncated ON exceptions_enforcementmode;
DROP TRIGGER enforcement_mode_is_kept ON exceptions_enforcementmode;
DROP TRIGGER enforcement_mode_needs_second_person ON exceptions_enforcementmode;
DROP FUNCTION exceptions_snapshot_follows();
DROP FUNCTION exceptions_mode_change_moves();
DROP FUNCTION exceptions_mode_needs_second_person();
DROP FUNCTION exceptions_strictness_of(bigint, bigint);
DROP FUNCTION exceptions_strictness(text, integer);
"""


class Migration(migrations.Migration):
    dependencies = [("exceptions", "0002_four_eyes")]
    operations = [migrations.RunSQL(STRICTNESS + MODES + CHANGES + SNAPSHOTS, BACKWARD)]
