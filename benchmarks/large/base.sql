-- What a month's reports and rows are drawn from: domains, sources, and per domain the kinds of records that occur.
-- Run once, in a database that holds organisation 1 with its domain "*". Same content every time; only days follow today.
-- %(domains)s domains, %(sources)s sources, %(kinds)s kinds of records in each domain.

CREATE FUNCTION bench_chance(what bigint, seed bigint) RETURNS float8 IMMUTABLE PARALLEL SAFE LANGUAGE sql
    AS 'SELECT (hashint8extended(what, seed) & 2147483647) / 2147483648.0::float8';

INSERT INTO reports_domain (id, organisation_id, name, kind, created_at, confirmed_at, confirmed_by_name)
SELECT 1000 + n, 1, 'd' || n || '.example', 'own', now(),
       CASE WHEN n <= 30 THEN now() END, CASE WHEN n <= 30 THEN 'ann@example.com' ELSE '' END
FROM generate_series(1, %(domains)s) n;

INSERT INTO reports_mailbox (
    id, organisation_id, name, secret, handled_action, handled_folder, refused_action, refused_folder, interval_minutes,
    is_enabled, due_at, last_visit_at, last_success_at, failures, error_code, error_detail, kind, settings
) SELECT n, 1, 'Mailbox ' || n, '', 'flag', '', 'leave', '', 15, true, now() + interval '10 minutes', now(), now(), 0,
         '', '', 'imap', '{"host": "mail.example.com", "port": 993, "username": "dmarc@example.com"}'
FROM generate_series(1, 3) n;

INSERT INTO reports_node (
    id, organisation_id, name, slug, token_sha256, created_at, last_contact_at, agent_version, filter_version, formats,
    live_sha256, error_code
) VALUES (1, 1, 'mx1', 'mx1', sha256('mx1'), now(), now(), '', '', '[]', '', '');

-- 512 addresses of senders that are known, the others from anywhere.
INSERT INTO reports_source (id, organisation_id, address, created_at)
SELECT n, 1, CASE WHEN n <= 256 THEN '192.0.2.0'::inet + n - 1 WHEN n <= 512 THEN '198.51.100.0'::inet + n - 257
                  ELSE '2001:db8::'::inet + n * 65536::bigint END, now()
FROM generate_series(1, %(sources)s) n;

INSERT INTO reports_addressidentity (
    address, name, is_confirmed, base_domain, asn, as_name, as_domain, country, service_name, service_type,
    service_basis, looked_up_at, due_at, failures, recent_failing
) SELECT address, 'host' || id || '.net' || id %% 3000 || '.example', true, 'net' || id %% 3000 || '.example',
         64496 + id %% 16, 'Network ' || id %% 16, 'as' || id %% 16 || '.example', (ARRAY['DE', 'JP', 'FR', 'US'])[1 + id %% 4],
         CASE WHEN id <= 512 THEN 'Service ' || id %% 40 ELSE '' END, '', CASE WHEN id <= 512 THEN 'name' ELSE '' END,
         now(), now() + interval '20 days', 0, 0
FROM reports_source;

-- Three of four records come from 40 senders that a domain knows (kinds 0 to 59), one is from anywhere (60 and more).
CREATE UNLOGGED TABLE bench_kind AS
WITH drawn AS (
    SELECT domain, kind, domain * 10000::bigint + kind AS what, kind < 60 AS is_known, kind %% 40 AS sender
    FROM generate_series(1, %(domains)s) domain, generate_series(0, %(kinds)s - 1) kind
), judged AS (
    SELECT *, CASE WHEN is_known THEN kind < 52 ELSE bench_chance(what, 1) < 0.3 END AS dkim,
           is_known AND kind < 52 AND sender %% 3 > 0 AS spf,
           NOT is_known AND bench_chance(what, 2) < 0.1 AS is_forwarded,
           CASE WHEN is_known THEN 1 + (domain * 7 + sender) %% 512 ELSE 513 + floor(bench_chance(what, 3) * (%(sources)s - 512))::int END
               AS source_id,
           'd' || domain || '.example' AS name
    FROM drawn
)
SELECT domain, kind, source_id, s.address AS source_ip, dkim OR spf AS is_aligned, is_known OR dkim AS has_raw_pass,
    CASE WHEN dkim OR spf THEN 'aligned' WHEN is_known THEN 'fixable' WHEN is_forwarded THEN 'forwarder'
         WHEN bench_chance(what, 4) < 0.2 THEN 'unknown' ELSE 'suspicious' END AS verdict,
    CASE WHEN dkim OR spf OR domain %% 2 = 0 THEN 'none' ELSE 'reject' END AS disposition,
    CASE WHEN dkim THEN 'pass' ELSE 'fail' END AS dkim, CASE WHEN spf THEN 'pass' ELSE 'fail' END AS spf,
    CASE WHEN bench_chance(what, 5) < 0.1 THEN 'news.' ELSE '' END || name AS header_from,
    CASE WHEN spf THEN name WHEN is_known THEN 'bounce' || sender %% 8 || '.sender.example'
         ELSE 'host' || (bench_chance(what, 6) * 5000)::int || '.example' END AS envelope_from,
    CASE WHEN is_forwarded THEN '[{"type": "local_policy", "comment": "arc=pass"}]'::jsonb ELSE '[]' END AS reasons,
    jsonb_build_array(
        jsonb_build_object('domain', CASE WHEN dkim OR NOT is_known THEN name ELSE 'sender.example' END,
            'selector', 's' || sender %% 6, 'result', CASE WHEN dkim OR is_known THEN 'pass' ELSE 'fail' END,
            'human_result', ''),
        jsonb_build_object('domain', 'sender.example', 'selector', 'k1', 'result',
            CASE WHEN is_known THEN 'pass' ELSE 'fail' END, 'human_result', '')
    ) AS dkim_results,
    jsonb_build_array(jsonb_build_object('scope', 'mfrom', 'result',
        CASE WHEN is_known THEN 'pass' WHEN bench_chance(what, 7) < 0.5 THEN 'softfail' ELSE 'none' END, 'human_result', '',
        'domain', CASE WHEN spf THEN name ELSE 'host' || (bench_chance(what, 6) * 5000)::int || '.example' END))
        AS spf_results
FROM judged JOIN reports_source s ON s.id = source_id;
ALTER TABLE bench_kind ADD PRIMARY KEY (domain, kind);

-- What somebody decided: every tenth known sender.
INSERT INTO reports_decision (organisation_id, domain_id, source_id, kind, reference, decided_by_name, decided_at, until)
SELECT DISTINCT 1, 1000 + domain, source_id, CASE WHEN kind %% 4 = 0 THEN 'excepted' ELSE 'fix' END, 'EX-' || domain, 'Ann',
       now(), now() + interval '90 days'
FROM bench_kind WHERE kind BETWEEN 52 AND 55
ON CONFLICT DO NOTHING;
ANALYZE bench_kind, reports_source, reports_addressidentity, reports_domain;
