"""The audit log is one chain, and the database alone writes its links.

Each entry's hash is SHA-256 over the hash before it and the entry. Inserts wait for each other (advisory lock until
commit), so ids rise without gaps in the order of the chain; a transaction with an older snapshot cannot fork it,
because it would take an id that exists. UPDATE, DELETE and TRUNCATE are refused.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = r"""
CREATE UNIQUE INDEX audit_entry_one_successor ON reports_auditentry (previous_hash);
CREATE INDEX audit_entry_by_object ON reports_auditentry (object_type, object_id, id);

-- The columns are named one by one, so that a column of a later version leaves old hashes as they are.
CREATE FUNCTION reports_audit_hash(entry reports_auditentry) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(entry.previous_hash || convert_to(jsonb_build_array(
        entry.id,
        to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        entry.organisation_id, entry.organisation_name, entry.actor_id, entry.actor_name,
        entry.action, entry.object_type, entry.object_id, entry.object_label,
        entry.data, entry.reason, host(entry.remote_address), entry.request_id
    )::text, 'UTF8'))
$$;

CREATE FUNCTION reports_audit_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('reports_auditentry'));
    SELECT id + 1, hash INTO NEW.id, NEW.previous_hash FROM reports_auditentry ORDER BY id DESC LIMIT 1;
    IF NOT FOUND THEN
        NEW.id := 1;
        NEW.previous_hash := decode(repeat('00', 32), 'hex');
    END IF;
    NEW.hash := reports_audit_hash(NEW);
    RETURN NEW;
END $$;

CREATE FUNCTION reports_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log only grows: % is refused.', TG_OP
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'audit_entry_only_grows';
END $$;

CREATE TRIGGER audit_entry_link BEFORE INSERT ON reports_auditentry
    FOR EACH ROW EXECUTE FUNCTION reports_audit_link();
CREATE TRIGGER audit_entry_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON reports_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION reports_audit_refuse();
"""

BACKWARD = """
DROP TRIGGER audit_entry_only_grows ON reports_auditentry;
DROP TRIGGER audit_entry_link ON reports_auditentry;
DROP FUNCTION reports_audit_refuse();
DROP FUNCTION reports_audit_link();
DROP FUNCTION reports_audit_hash(reports_auditentry);
DROP INDEX audit_entry_by_object;
DROP INDEX audit_entry_one_successor;
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
