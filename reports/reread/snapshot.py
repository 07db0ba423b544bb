"""What is stored of messages, as numbers and a print, so that two readings can be compared. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import connection

from reports.reread.difference import Came

# The print covers every stored value that reading decides; numbers of rows, times of storing and what other messages
# and later checks add to a report are left out.
_SQL = """
WITH rows AS (
    SELECT p.id, count(r.*) AS rows, coalesce(sum(r.count), 0) AS messages,
           coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) AS print
    FROM reports_aggregatereport p
    LEFT JOIN reports_aggregaterow r
        ON r.organisation_id = p.organisation_id AND r.domain_id = p.domain_id AND r.day = p.day AND r.report_id = p.id
    WHERE p.message_id = ANY(%(pks)s) GROUP BY p.id
), reports AS (
    SELECT p.message_id, 'a' || p.payload_index AS place, r.rows, r.messages, p.rows_dropped AS rejected,
           jsonb_array_length(p.repairs) AS repairs, r.print::text || md5((to_jsonb(p) - ARRAY[
               'id', 'stored_at', 'sightings', 'is_conflicting', 'is_counted', 'superseded_by_id', 'proven_by_id'
           ])::text) || (SELECT coalesce(md5(string_agg(j.code || j.position || j.text, '|' ORDER BY j.position)), '')
                         FROM reports_rejectedrow j WHERE j.report_id = p.id) AS print
    FROM reports_aggregatereport p JOIN rows r ON r.id = p.id
    UNION ALL
    SELECT f.message_id, 'f' || f.payload_index, 1, f.incidents, 0, jsonb_array_length(f.repairs),
           md5((to_jsonb(f) - ARRAY['id', 'stored_at', 'sightings', 'details', 'sample'])::text)
    FROM reports_failurereport f WHERE f.message_id = ANY(%(pks)s)
    UNION ALL
    SELECT t.message_id, 't' || t.payload_index, 0, 0, jsonb_array_length(t.rejected), jsonb_array_length(t.repairs),
           md5((to_jsonb(t) - ARRAY['id', 'stored_at', 'sightings', 'is_conflicting'])::text)
    FROM reports_tlsreport t WHERE t.message_id = ANY(%(pks)s)
)
SELECT m.id, m.outcome, m.reason, count(p.place), coalesce(sum(p.rows), 0), coalesce(sum(p.messages), 0),
       coalesce(sum(p.rejected), 0), coalesce(sum(p.repairs), 0),
       md5(m.problems::text || m.subject || m.sender || coalesce(string_agg(p.place || p.print, '|' ORDER BY p.place), ''))
FROM reports_message m LEFT JOIN reports p ON p.message_id = m.id
WHERE m.id = ANY(%(pks)s) GROUP BY m.id
"""


def what_came(message_ids: Collection[int]) -> Mapping[int, Came]:
    """What is stored of each message now. One query."""
    if not message_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"pks": list(message_ids)})
        return {
            pk: Came(outcome, reason, int(reports), int(rows), int(messages), int(rejected), int(repairs), content)
            for pk, outcome, reason, reports, rows, messages, rejected, repairs, content in cursor
        }
