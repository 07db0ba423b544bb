-- How the tables of Sekimori lie in a Citus cluster: docs/scaling.md says why. NOT RUN: no Citus was at hand; what a test
-- proves about this file against the real tables is in tests/project/test_citus.py.
-- For psql, as the database's owner, on the coordinator, once, after `manage.py migrate`, with web and workers stopped.
-- Each table of the database stands here once: in a call, or behind "-- local:". Partitions follow their table.

CREATE EXTENSION IF NOT EXISTS citus;
-- Local and reference tables live on the coordinator too, so that it must be known by a name that the others can reach:
-- SELECT citus_set_coordinator_host('coordinator.example.com', 5432);
-- SELECT citus_add_node('worker1.example.com', 5432);
-- SELECT citus_add_node('worker2.example.com', 5432);

-- The rows of a report go with it by a trigger. Deleted one report at a time, each statement names its shard; joined with
-- the transition table they could not be sent anywhere. Works the same without Citus.
CREATE OR REPLACE FUNCTION reports_rows_go_with_their_report() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE report record;
BEGIN
    FOR report IN SELECT id, organisation_id, domain_id, day FROM gone LOOP
        DELETE FROM reports_aggregaterow
        WHERE organisation_id = report.organisation_id AND domain_id = report.domain_id AND day = report.day
            AND report_id = report.id;
    END LOOP;
    RETURN NULL;
END $$;

-- Reference tables: small, joined with the rows and sums on every node. Before the distributed ones, which are joined with them.
SELECT create_reference_table('reports_source');
SELECT create_reference_table('reports_decision');
SELECT create_reference_table('reports_addressidentity');
SELECT create_reference_table('reports_servicename');

-- Distributed tables: nine tenths of all bytes beside those of the mails. Whole buckets (organisation, domain, day) lie in one shard.
SELECT create_distributed_table('reports_aggregaterow', 'domain_id', shard_count => 128);
SELECT create_distributed_table('reports_sourceday', 'domain_id', colocate_with => 'reports_aggregaterow');
SELECT create_distributed_table('reports_domainday', 'domain_id', colocate_with => 'reports_aggregaterow');

-- Local tables, on the coordinator. What arrived: written by one statement at a time, read by its id or its time, unique by
-- keys that know no domain (a mail is none, a report must be counted once wherever it is filed).
-- local: reports_message
-- local: reports_rawmessage
-- local: reports_looseobject
-- local: reports_installation
-- local: reports_aggregatereport
-- local: reports_rejectedrow
-- local: reports_failurereport
-- local: reports_sighting
-- local: reports_tlsreport
-- local: reports_tlspolicy
-- local: reports_tlsfailure
-- local: reports_inboundevent
-- local: reports_passcount
-- Whose it is and how it comes. Small, and several have triggers, which Citus allows on local tables alone.
-- local: reports_organisation
-- local: reports_domain
-- local: reports_membership
-- local: reports_mailbox
-- local: reports_signin
-- local: reports_node
-- local: reports_uploadtoken
-- local: reports_tlsendpoint
-- local: reports_retention
-- local: reports_job
-- local: reports_rollupcheck
-- local: reports_auditentry
-- Rules and enforcement. Small, with triggers.
-- local: exceptions_exceptionrule
-- local: exceptions_ruleversion
-- local: exceptions_approval
-- local: exceptions_enforcementmode
-- local: exceptions_modechange
-- local: exceptions_signingkey
-- local: exceptions_snapshot
-- People, and what Django keeps.
-- local: dmarcsite_user
-- local: dmarcsite_rolegrant
-- local: dmarcsite_cache
-- local: account_emailaddress
-- local: account_emailconfirmation
-- local: mfa_authenticator
-- local: auth_group
-- local: auth_group_permissions
-- local: auth_permission
-- local: django_content_type
-- local: django_migrations
-- local: django_session
