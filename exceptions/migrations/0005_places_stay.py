"""Rules and modes stay where they were decided: neither their organisation nor their domain is swapped under them."""

from __future__ import annotations

from django.db import migrations

FORWARD = r"""
-- Foreign keys look at commit only: deleted and written anew under its number, an organisation would be a demo, whose
-- history may be removed, or a demo would be a real one, whose rules are published.
CREATE FUNCTION exceptions_organisation_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT OLD.is_demo OR EXISTS (SELECT 1 FROM exceptions_exceptionrule WHERE organisation_id = OLD.id) THEN
        PERFORM exceptions_refuse('history_is_kept', 'only a demo organisation whose rules are gone can be removed');
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER organisation_is_kept BEFORE DELETE ON reports_organisation
    FOR EACH ROW EXECUTE FUNCTION exceptions_organisation_is_kept();

-- A mode belongs to the domain that two people looked at: with another name, the domain of before would be watched only.
CREATE FUNCTION exceptions_domain_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM exceptions_refuse('domain_stays', 'a domain keeps its name and its organisation');
    RETURN NULL;
END $$;
CREATE TRIGGER domain_stays BEFORE UPDATE OF name, organisation_id ON reports_domain
    FOR EACH ROW WHEN ((OLD.name, OLD.organisation_id) IS DISTINCT FROM (NEW.name, NEW.organisation_id))
    EXECUTE FUNCTION exceptions_domain_stays();
"""
BACKWARD = """
DROP TRIGGER domain_stays ON reports_domain;
DROP FUNCTION exceptions_domain_stays();
DROP TRIGGER organisation_is_kept ON reports_organisation;
DROP FUNCTION exceptions_organisation_is_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("exceptions", "0004_snapshot_mac"), ("reports", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
