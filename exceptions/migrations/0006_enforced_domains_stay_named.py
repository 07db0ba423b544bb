"""Nobody alone takes a domain out of reach of its mode: what is enforced keeps being named.

Where a domain is no longer named, filters go no further than what it publishes, so that more mail comes in.
"""

from __future__ import annotations

from django.db import migrations

FORWARD = r"""
CREATE FUNCTION exceptions_domain_is_named(domain reports_domain) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT domain.kind = 'partner' OR domain.confirmed_at IS NOT NULL
$$;

CREATE FUNCTION exceptions_enforced_domain_stays_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF exceptions_domain_is_named(OLD) AND (TG_OP = 'DELETE' OR NOT exceptions_domain_is_named(NEW))
       AND EXISTS (SELECT 1 FROM reports_organisation WHERE id = OLD.organisation_id AND NOT is_demo)
       AND exceptions_strictness_of(OLD.organisation_id, OLD.id) > 0 THEN
        PERFORM exceptions_refuse('enforced_domain_stays_named', 'make its enforcement looser first, which takes two');
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER enforced_domain_stays_named BEFORE UPDATE OR DELETE ON reports_domain
    FOR EACH ROW EXECUTE FUNCTION exceptions_enforced_domain_stays_named();
"""
BACKWARD = """
DROP TRIGGER enforced_domain_stays_named ON reports_domain;
DROP FUNCTION exceptions_enforced_domain_stays_named();
DROP FUNCTION exceptions_domain_is_named(reports_domain);
"""


class Migration(migrations.Migration):
    dependencies = [("exceptions", "0005_places_stay"), ("reports", "0003_domain_confirmed")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
