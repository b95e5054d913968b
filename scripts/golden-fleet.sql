-- SPDX-License-Identifier: Apache-2.0
-- Part of partition-cli. See LICENSE and CONTRIBUTING.md.
--
-- Many tables, for scripts/golden.sh: by the month, the week, the day and the year, in three schemas.
CREATE SCHEMA billing;
CREATE SCHEMA iot;
CREATE FUNCTION pg_temp.make(space text, parent text, step interval, first date, count int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lower date := first;
BEGIN
    EXECUTE format('CREATE TABLE %I.%I (id bigint NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at)', space, parent);
    FOR number IN 1..count LOOP
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %I.%I FOR VALUES FROM (%L) TO (%L)',
            space, parent || to_char(lower, '_YYYY_MM_DD'), space, parent, lower, lower + step);
        lower := lower + step;
    END LOOP;
END $$;
SELECT pg_temp.make('public', name, '1 month', '2045-12-01', 6)
    FROM unnest('{accounts_log,clicks,logins,page_views,searches,sessions,uploads,downloads,mails,pushes,calls,chats,votes,likes,shares,follows,reports,streams,アクセス記録}'::text[]) name;
SELECT pg_temp.make('billing', name, '1 month', '2046-01-01', 5)
    FROM unnest('{charges,credits,"Ledger Entries",refunds,payouts,taxes,disputes,invoices,plans}'::text[]) name;
SELECT pg_temp.make('iot', name, '7 days', '2046-02-05', 12)
    FROM unnest('{alarms,gps,humidity,power,temperature,vibration,firmware,heartbeat}'::text[]) name;
SELECT pg_temp.make('iot', 'raw_measurements_of_all_stations', '1 day', '2046-03-01', 30);
SELECT pg_temp.make('billing', 'archive', '1 year', '2044-01-01', 3);
CREATE TABLE public.sessions_default PARTITION OF public.sessions DEFAULT;
CREATE TABLE public.clicks_default PARTITION OF public.clicks DEFAULT;
