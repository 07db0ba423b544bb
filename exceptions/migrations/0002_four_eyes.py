"""What the database forbids about rules, whoever writes: the application, the admin site, or a person with SQL.

Versions and approvals never change. A rule begins as a draft and moves only along the listed steps. Nobody approves
what they proposed, wrote or own. Nothing of a rule can be removed, except with the whole demo organisation.
"""

from __future__ import annotations

from django.db import migrations

REFUSE = r"""
-- Raise an error that carries the name of the broken rule as a constraint would.
CREATE FUNCTION exceptions_refuse(name text, message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: %', name, message USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = name;
END $$;

CREATE FUNCTION exceptions_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM exceptions_refuse('history_never_changes', format('%s of %s is refused', TG_OP, TG_TABLE_NAME));
    RETURN NULL;
END $$;

CREATE TRIGGER rule_version_never_changes BEFORE UPDATE OR TRUNCATE ON exceptions_ruleversion
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_never_changes();
CREATE TRIGGER approval_never_changes BEFORE UPDATE OR TRUNCATE ON exceptions_approval
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_never_changes();
CREATE TRIGGER rule_never_truncated BEFORE TRUNCATE ON exceptions_exceptionrule
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_never_changes();
"""

CONTENT = r"""
-- A text that is no network, or has host bits, raises by itself.
CREATE FUNCTION exceptions_networks_are_narrow(networks varchar[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(bool_and(
        masklen(network::cidr) >= CASE family(network::cidr) WHEN 4 THEN 24 ELSE 48 END AND network::cidr::text = network
    ), true) FROM unnest(networks) AS network
$$;
ALTER TABLE exceptions_ruleversion ADD CONSTRAINT rule_networks_are_narrow
    CHECK (exceptions_networks_are_narrow(networks));
"""

VERSIONS = r"""
CREATE FUNCTION exceptions_version_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rule exceptions_exceptionrule;
BEGIN
    -- The lock keeps anybody from approving the version before while this one is written.
    SELECT * INTO rule FROM exceptions_exceptionrule WHERE id = NEW.rule_id FOR UPDATE;
    IF rule.state NOT IN ('draft', 'proposed') THEN
        PERFORM exceptions_refuse('rule_version_of_open_rule', format('the rule is %s', rule.state));
    END IF;
    IF NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM exceptions_ruleversion WHERE rule_id = NEW.rule_id) THEN
        PERFORM exceptions_refuse('rule_version_follows', 'versions are numbered without gaps');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rule_version_follows BEFORE INSERT ON exceptions_ruleversion
    FOR EACH ROW EXECUTE FUNCTION exceptions_version_follows();
"""

APPROVALS = r"""
-- Whether this person may approve this version: not who proposed it, not who wrote it or an earlier one, not its owner.
CREATE FUNCTION exceptions_is_second_person(approved exceptions_ruleversion, approver bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT approver <> approved.owner_id
       AND NOT EXISTS (SELECT 1 FROM exceptions_exceptionrule
                        WHERE id = approved.rule_id AND proposed_by_id = approver)
       AND NOT EXISTS (SELECT 1 FROM exceptions_ruleversion
                        WHERE rule_id = approved.rule_id AND number <= approved.number AND author_id = approver)
$$;

CREATE FUNCTION exceptions_approval_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    approved exceptions_ruleversion;
    rule exceptions_exceptionrule;
BEGIN
    SELECT * INTO approved FROM exceptions_ruleversion WHERE id = NEW.version_id;
    SELECT * INTO rule FROM exceptions_exceptionrule WHERE id = approved.rule_id FOR UPDATE;
    IF rule.state IS DISTINCT FROM 'proposed' OR rule.version <> approved.number THEN
        PERFORM exceptions_refuse('approval_of_proposed_version', 'only the version that is proposed can be approved');
    END IF;
    IF NOT exceptions_is_second_person(approved, NEW.approver_id) THEN
        PERFORM exceptions_refuse('rule_four_eyes', 'the approver proposed, wrote or owns this rule');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_fits BEFORE INSERT ON exceptions_approval
    FOR EACH ROW EXECUTE FUNCTION exceptions_approval_fits();
"""

STATES = r"""
CREATE FUNCTION exceptions_rule_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'draft' OR NEW.version <> 1 OR NEW.proposed_by_id IS NOT NULL THEN
        PERFORM exceptions_refuse('rule_begins_as_draft', 'a rule begins as the draft of its version 1');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rule_begins BEFORE INSERT ON exceptions_exceptionrule
    FOR EACH ROW EXECUTE FUNCTION exceptions_rule_begins();

CREATE FUNCTION exceptions_rule_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step text := OLD.state || ' > ' || NEW.state;
    is_edit boolean := NEW.state = 'draft' AND NEW.version = OLD.version + 1;
BEGIN
    IF (NEW.id, NEW.organisation_id, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.organisation_id, OLD.created_at) THEN
        PERFORM exceptions_refuse('rule_identity_stays', 'a rule stays where it was made');
    END IF;
    IF is_edit AND OLD.state IN ('draft', 'proposed') THEN
        IF NEW.proposed_by_id IS NOT NULL THEN
            PERFORM exceptions_refuse('rule_edit_voids_proposal', 'an edited rule has to be proposed again');
        END IF;
    ELSIF step NOT IN ('draft > proposed', 'draft > withdrawn', 'proposed > withdrawn', 'proposed > rejected',
                       'proposed > approved', 'approved > revoked', 'approved > expired') THEN
        PERFORM exceptions_refuse('rule_step_known', format('there is no step %s', step));
    ELSIF (NEW.version, NEW.domain_id) IS DISTINCT FROM (OLD.version, OLD.domain_id) THEN
        PERFORM exceptions_refuse('rule_version_stays', 'a step moves the version that stands there');
    ELSIF step <> 'draft > proposed' AND (NEW.proposed_by_id, NEW.proposed_by_name, NEW.proposed_at)
          IS DISTINCT FROM (OLD.proposed_by_id, OLD.proposed_by_name, OLD.proposed_at) THEN
        PERFORM exceptions_refuse('rule_proposer_stays', 'who proposed a rule does not change');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM exceptions_ruleversion WHERE rule_id = NEW.id AND number = NEW.version) THEN
        PERFORM exceptions_refuse('rule_version_exists', 'the version is not written');
    END IF;
    IF step = 'proposed > approved' AND NOT EXISTS (
        SELECT 1 FROM exceptions_approval AS given JOIN exceptions_ruleversion AS approved ON approved.id = given.version_id
         WHERE approved.rule_id = NEW.id AND approved.number = NEW.version
           AND exceptions_is_second_person(approved, given.approver_id)
    ) THEN
        PERFORM exceptions_refuse('rule_four_eyes', 'no second person approved this version');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rule_moves BEFORE UPDATE ON exceptions_exceptionrule
    FOR EACH ROW EXECUTE FUNCTION exceptions_rule_moves();
"""

REMOVAL = r"""
CREATE FUNCTION exceptions_only_demo_is_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM reports_organisation WHERE id = OLD.organisation_id AND is_demo) THEN
        PERFORM exceptions_refuse('history_is_kept', 'only the demo organisation can be removed');
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER rule_is_kept BEFORE DELETE ON exceptions_exceptionrule
    FOR EACH ROW EXECUTE FUNCTION exceptions_only_demo_is_removed();

-- These look at commit whether the whole went with the part.
CREATE FUNCTION exceptions_removed_with_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM reports_organisation WHERE id = OLD.organisation_id) THEN
        PERFORM exceptions_refuse('history_is_kept', 'it goes only with its whole organisation');
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION exceptions_removed_with_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM exceptions_exceptionrule WHERE id = OLD.rule_id) THEN
        PERFORM exceptions_refuse('history_is_kept', 'a version goes only with its rule');
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION exceptions_removed_with_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM exceptions_ruleversion WHERE id = OLD.version_id) THEN
        PERFORM exceptions_refuse('history_is_kept', 'an approval goes only with its version');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER rule_removed_with_organisation AFTER DELETE ON exceptions_exceptionrule
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION exceptions_removed_with_organisation();
CREATE CONSTRAINT TRIGGER rule_version_removed_with_rule AFTER DELETE ON exceptions_ruleversion
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION exceptions_removed_with_rule();
CREATE CONSTRAINT TRIGGER approval_removed_with_version AFTER DELETE ON exceptions_approval
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION exceptions_removed_with_version();

-- Otherwise an organisation could be called a demo for the moment in which its history is removed.
CREATE FUNCTION exceptions_demo_stays_demo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM exceptions_refuse('demo_stays_demo', 'whether an organisation is the demo is decided when it is made');
    RETURN NULL;
END $$;
CREATE TRIGGER demo_stays_demo BEFORE UPDATE OF is_demo ON reports_organisation
    FOR EACH ROW WHEN (OLD.is_demo IS DISTINCT FROM NEW.is_demo) EXECUTE FUNCTION exceptions_demo_stays_demo();
"""

BACKWARD = """
DROP TRIGGER demo_stays_demo ON reports_organisation;
DROP TRIGGER approval_removed_with_version ON exceptions_approval;
DROP TRIGGER rule_version_removed_with_rule ON exceptions_ruleversion;
DROP TRIGGER rule_removed_with_organisation ON exceptions_exceptionrule;
DROP TRIGGER rule_is_kept ON exceptions_exceptionrule;
DROP TRIGGER rule_moves ON exceptions_exceptionrule;
DROP TRIGGER rule_begins ON exceptions_exceptionrule;
DROP TRIGGER approval_fits ON exceptions_approval;
DROP TRIGGER rule_version_follows ON exceptions_ruleversion;
DROP TRIGGER rule_never_truncated ON exceptions_exceptionrule;
DROP TRIGGER approval_never_changes ON exceptions_approval;
DROP TRIGGER rule_version_never_changes ON exceptions_ruleversion;
ALTER TABLE exceptions_ruleversion DROP CONSTRAINT rule_networks_are_narrow;
DROP FUNCTION exceptions_demo_stays_demo();
DROP FUNCTION exceptions_removed_with_version();
DROP FUNCTION exceptions_removed_with_rule();
DROP FUNCTION exceptions_removed_with_organisation();
DROP FUNCTION exceptions_only_demo_is_removed();
DROP FUNCTION exceptions_rule_moves();
DROP FUNCTION exceptions_rule_begins();
DROP FUNCTION exceptions_approval_fits();
DROP FUNCTION exceptions_is_second_person(exceptions_ruleversion, bigint);
DROP FUNCTION exceptions_version_follows();
DROP FUNCTION exceptions_networks_are_narrow(varchar[]);
DROP FUNCTION exceptions_never_changes();
DROP FUNCTION exceptions_refuse(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("exceptions", "0001_initial"), ("reports", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE + CONTENT + VERSIONS + APPROVALS + STATES + REMOVAL, BACKWARD)]
