-- One span of days, %(first)s to %(last)s: its mails, reports and rows. %(reports)s reports a day; day number 0 is %(start)s.

CREATE TEMPORARY TABLE drawn AS
SELECT n AS id, 1000 + domain AS domain_id, domain, receiver, day,
    CASE WHEN size < 0.55 THEN 1 + (exact * 4)::int WHEN size < 0.8 THEN 5 + (exact * 16)::int
         WHEN size < 0.95 THEN 21 + (exact * 60)::int WHEN size < 0.995 THEN 81 + (exact * 120)::int
         ELSE 201 + (exact * 400)::int END AS rows
FROM (
    SELECT day::date, n,
        -- Some domains and some receivers have far more than others.
        1 + floor(%(domains)s * bench_chance(n, 11) ^ 2)::int AS domain, 1 + floor(37 * bench_chance(n, 12) ^ 2)::int AS receiver,
        bench_chance(n, 13) AS size, bench_chance(n, 14) AS exact
    FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') day,
        LATERAL generate_series((day::date - %(start)s::date) * %(reports)s::bigint + 1,
                                (day::date - %(start)s::date + 1) * %(reports)s::bigint) n
) draws;

INSERT INTO reports_aggregaterow (
    organisation_id, domain_id, day, report_id, position, source_id, source_ip, count, lens, verdict, disposition, dkim,
    spf, is_aligned, has_raw_pass, header_from, envelope_from, envelope_to, reasons, dkim_results, spf_results
) SELECT 1, domain_id, day, id, position, source_id, source_ip, 1 + (-5 * ln(1 - bench_chance(what, 21)))::int,
    CASE WHEN receiver = 12 THEN 'here' WHEN receiver = 24 THEN 'unknown' ELSE 'elsewhere' END, verdict, disposition, dkim,
    spf, is_aligned, has_raw_pass, header_from, envelope_from, NULL, reasons, dkim_results, spf_results
FROM (
    SELECT d.*, position, id * 1000 + position AS what,
        CASE WHEN bench_chance(id * 1000 + position, 22) < 0.75 THEN floor(60 * bench_chance(id * 1000 + position, 23))
             ELSE 60 + floor((%(kinds)s - 60) * bench_chance(id * 1000 + position, 23)) END::int AS kind
    FROM drawn d, generate_series(1, rows) position
) r JOIN bench_kind USING (domain, kind)
ORDER BY domain_id, day, id;

INSERT INTO reports_rawmessage (id, organisation_id, sha256, size, sealed, stored_at)
SELECT id, 1, sha256(id::text::bytea), 1, '', day + interval '30 hours' FROM drawn;

-- Besides each report's first mail there is one of 33 that brings it again, and one of 100 that is no report.
INSERT INTO reports_message (
    id, organisation_id, raw_id, channel, mailbox_id, folder, epoch, key, filename, subject, sender, received_at, tries, outcome,
    reason, problems, read_at, acknowledged_at, sender_check, sender_reason, sender_domain, sender_by, sender_checked_at,
    sender_due_at
) SELECT id + copy * 1000000000, 1, CASE WHEN copy = 0 THEN id END, 'imap', 1 + id %% 3, 'INBOX', '1', id + copy * 1000000000,
    '', 'Report Domain: d' || domain || '.example Submitter: receiver' || receiver || '.example',
    'reports@receiver' || receiver || '.example', at, 1,
    CASE copy WHEN 0 THEN 'stored' WHEN 1 THEN 'duplicate' ELSE 'not_a_report' END, '', '[]',
    at + interval '2 seconds', at + interval '3 seconds', 'verified', 'signature_holds', 'receiver' || receiver || '.example',
    'receiver' || receiver || '.example', at + interval '1 minute', NULL
FROM (
    SELECT *, day + interval '25 hours' + bench_chance(id, 31) * interval '8 hours' + copy * interval '1 hour' AS at
    FROM drawn, generate_series(0, 2) copy
    WHERE copy = 0 OR copy = 1 AND id %% 33 = 0 OR copy = 2 AND id %% 100 = 0
) arrivals;

INSERT INTO reports_aggregatereport (
    id, organisation_id, domain_id, message_id, payload_index, identity, rows_hash, org_name, email, report_id, begin, "end",
    day, policy, extra_contact_info, errors, generator, version, namespace, rows, messages, failing, rows_dropped, repairs,
    sightings, is_conflicting, stored_at, filename
) SELECT d.id, 1, d.domain_id, d.id, 0, sha256(d.id::text::bytea), sha256(d.id::text::bytea), 'Receiver ' || receiver || ' Example',
    'reports@receiver' || receiver || '.example', d.id || '@receiver' || receiver || '.example', d.day, d.day + interval '86399 seconds',
    d.day, jsonb_build_object('domain', 'd' || domain || '.example', 'p', 'reject', 'sp', 'reject', 'np', NULL, 'adkim', 'r',
        'aspf', 'r', 'pct', '100', 'fo', '0', 'testing', NULL, 'discovery_method', NULL),
    '', '[]', '', '1.0', '', d.rows, sums.messages, sums.failing, 0, CASE WHEN d.id %% 20 = 0
        THEN '[{"code": "from_missing", "count": 1}]'::jsonb ELSE '[]' END,
    CASE WHEN d.id %% 33 = 0 THEN 2 ELSE 1 END, false, d.day + interval '30 hours', 'receiver' || receiver || '.example!' || d.id
FROM drawn d JOIN (
    SELECT report_id, sum(count) AS messages, COALESCE(sum(count) FILTER (WHERE NOT is_aligned), 0) AS failing
    FROM reports_aggregaterow WHERE day BETWEEN %(first)s AND %(last)s GROUP BY report_id
) sums ON sums.report_id = d.id;

INSERT INTO reports_sighting (organisation_id, message_id, payload_index, aggregate_id)
SELECT 1, id + 1000000000, 0, id FROM drawn WHERE id %% 33 = 0;

-- For each 40 aggregate reports there are one failure report and one TLS report.
INSERT INTO reports_failurereport (
    id, organisation_id, domain_id, message_id, payload_index, identity, day, arrived_at, reporter, source_ip, header_from,
    envelope_domain, auth_failure, identity_alignment, delivery_result, dkim_domain, incidents, headers_only, details, sample,
    repairs, sightings, stored_at
) SELECT id, 1, domain_id, id, 1, sha256(id::text::bytea), day, day + interval '12 hours', 'reports@receiver' || receiver || '.example',
    source_ip, header_from, envelope_from, '["spf"]', '["spf"]', 'reject', '', 1, true, %(details)s, %(sample)s, '[]', 1,
    day + interval '12 hours'
FROM drawn JOIN bench_kind USING (domain) WHERE id %% 40 = 1 AND kind = 60 + id %% (%(kinds)s - 60);

INSERT INTO reports_tlsreport (
    id, organisation_id, domain_id, message_id, payload_index, identity, policies_hash, org_name, contact_info, report_id,
    begin, "end", day, total_successful_session_count, total_failure_session_count, rejected, repairs, sightings,
    is_conflicting, stored_at
) SELECT id, 1, domain_id, id, 2, sha256(id::text::bytea), sha256(id::text::bytea), 'Receiver ' || receiver || ' Example', '',
    id || '', day, day + interval '86399 seconds', day, 900 + id %% 100, id %% 7, '[]', '[]', 1, false, day + interval '30 hours'
FROM drawn WHERE id %% 40 = 2;
INSERT INTO reports_tlspolicy (
    id, organisation_id, domain_id, report_id, day, position, policy_type, policy_domain, policy_string, mx_host,
    total_successful_session_count, total_failure_session_count
) SELECT id, 1, domain_id, id, day, 1, 'sts', 'd' || domain || '.example',
    '["version: STSv1", "mode: enforce", "mx: mx.example.com", "max_age: 86400"]', '["mx.example.com"]', 900 + id %% 100, id %% 7
FROM drawn WHERE id %% 40 = 2;
INSERT INTO reports_tlsfailure (
    policy_id, result_type, failed_session_count, sending_mta_ip, receiving_mx_hostname, receiving_mx_helo, receiving_ip,
    additional_information, failure_reason_code
) SELECT id, (ARRAY['certificate-expired', 'validation-failure', 'starttls-not-supported'])[1 + id %% 3], id %% 7, '192.0.2.1',
    'mx.example.com', '', '203.0.113.1', '', ''
FROM drawn WHERE id %% 40 = 2 AND id %% 7 > 0;

-- One node of our own judges as many failing messages as there are reports, in a tenth of the domains.
INSERT INTO reports_inboundevent (
    organisation_id, domain_id, node_id, day, event_id, at, source_id, source_ip, header_from, envelope_domain, recipients,
    recipient_count, helo, ptr, queue_id, spf, dkim, published, mode, verdict, would_be, classification, rule_reference, action
) SELECT 1, domain_id, 1, day, id || '', day + bench_chance(id, 41) * interval '24 hours', source_id, source_ip, header_from,
    envelope_from, %(recipients)s, 1, 'mx.example.net', '', '', 'fail', dkim_results, 'reject', 'enforce', 'reject', '',
    verdict, '', 'reject'
FROM drawn JOIN bench_kind USING (domain) WHERE domain %% 10 = 0 AND kind = 60 + id %% (%(kinds)s - 60) AND NOT is_aligned;
DROP TABLE drawn;
