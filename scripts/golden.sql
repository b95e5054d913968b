-- SPDX-License-Identifier: Apache-2.0
-- Part of partition-cli. See LICENSE and CONTRIBUTING.md.
--
-- What scripts/golden.sh shows: a busy table beside a big default partition, one with a name in wide characters and a gap, one
-- that isn't grown, and an index that one partition lacks.
CREATE TABLE events (id bigint NOT NULL, event_ts timestamptz NOT NULL, payload text, PRIMARY KEY (id, event_ts))
    PARTITION BY RANGE (event_ts);
CREATE TABLE events_2046_01 PARTITION OF events FOR VALUES FROM ('2046-01-01') TO ('2046-02-01');
CREATE TABLE events_2046_02 PARTITION OF events FOR VALUES FROM ('2046-02-01') TO ('2046-03-01');
CREATE TABLE events_2046_03 PARTITION OF events FOR VALUES FROM ('2046-03-01') TO ('2046-04-01');
CREATE TABLE events_default PARTITION OF events DEFAULT;
INSERT INTO events SELECT n, '2019-06-01', md5(n::text) FROM generate_series(1, 200000) n;
INSERT INTO events SELECT n, '2046-03-05', md5(n::text) FROM generate_series(1, 5000) n;
CREATE INDEX events_payload ON ONLY events (payload);

CREATE SCHEMA app;
CREATE TABLE app."注文履歴" (id bigint NOT NULL, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE app."注文履歴_2046_02" PARTITION OF app."注文履歴" FOR VALUES FROM ('2046-02-01') TO ('2046-03-01');
CREATE TABLE app."注文履歴_2046_03" PARTITION OF app."注文履歴" FOR VALUES FROM ('2046-03-01') TO ('2046-04-01');
CREATE TABLE app."注文履歴_2046_05" PARTITION OF app."注文履歴" FOR VALUES FROM ('2046-05-01') TO ('2046-06-01');

CREATE TABLE regions (name text NOT NULL) PARTITION BY LIST (name);
CREATE TABLE regions_eu PARTITION OF regions FOR VALUES IN ('de', 'fr');
