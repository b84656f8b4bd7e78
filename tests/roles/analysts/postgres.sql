SELECT date_trunc('month', now()) AS month, count(*) AS orders, sum(salaries) AS total FROM orders GROUP BY 1 ORDER BY 1
SELECT o.id, o.note AS "Note", row_number() OVER (PARTITION BY o.note ORDER BY o.id DESC) AS rn FROM orders AS o
WITH totals AS (SELECT note, sum(salaries) AS total FROM orders GROUP BY note) SELECT note, total, round(100.0 * total / sum(total) OVER (), 2) AS share FROM totals ORDER BY share DESC
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT a.x, b.x FROM a CROSS JOIN b
SELECT o.id, l.n FROM orders o CROSS JOIN LATERAL (SELECT count(*) AS n FROM orders x WHERE x.note = o.note) l
SELECT d::date AS day, count(o.id) FROM generate_series('2026-01-01'::date, '2026-01-07'::date, interval '1 day') AS d LEFT JOIN orders o ON o.id = extract(day FROM d) GROUP BY d ORDER BY d
SELECT id, sum(salaries) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM orders
SELECT id, salaries - lag(salaries) OVER (ORDER BY id) AS delta FROM orders
SELECT id, ntile(4) OVER (ORDER BY salaries) AS quartile, percent_rank() OVER (ORDER BY salaries) FROM orders
SELECT percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY salaries) FROM orders
SELECT count(*) FILTER (WHERE note = 'a') AS a, count(*) FILTER (WHERE note <> 'a') AS rest FROM orders
SELECT coalesce(note, '(none)') AS note, count(*) FROM orders GROUP BY ROLLUP (note) HAVING count(*) > 0
SELECT note, grouping(note), sum(salaries) FROM orders GROUP BY GROUPING SETS ((note), ())
SELECT note, id, count(*) FROM orders GROUP BY CUBE (note, id)
SELECT to_char(now(), 'YYYY-MM') AS pg_month, sum(salaries) AS pg_sum FROM orders GROUP BY pg_month ORDER BY pg_sum
SELECT pg_o.id FROM orders AS pg_o WHERE pg_o.id > 0
SELECT pg_o.id FROM orders pg_o JOIN orders pg_p ON pg_p.id = pg_o.id
SELECT x.pg_total FROM (SELECT sum(salaries) AS pg_total FROM orders) AS x
WITH pg_top AS (SELECT * FROM orders ORDER BY id LIMIT 1) SELECT * FROM pg_top
SELECT age(now(), '2026-01-01'::timestamptz), extract(epoch FROM interval '1 day'), make_date(2026, 1, 1), now() - interval '30 days'
SELECT date_part('dow', current_date), to_date('20260101', 'YYYYMMDD'), to_timestamp(0), current_date - 7, localtimestamp
SELECT now() AT TIME ZONE 'Europe/Berlin', timestamp '2026-01-01' AT TIME ZONE 'UTC', date_bin('15 minutes', now(), '2026-01-01')
SELECT id FROM orders WHERE note ILIKE '%a%' AND id BETWEEN 1 AND 10 OR note IS NULL
SELECT id FROM orders WHERE note = ANY ('{a,b}') AND NOT EXISTS (SELECT 1 FROM events e WHERE e.id = orders.id)
SELECT id FROM orders WHERE (id, note) IN (VALUES (1, 'a'), (2, 'b'))
SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS t (n, word) JOIN orders o ON o.id = t.n
SELECT note, array_agg(id ORDER BY id DESC) AS ids, string_agg(id::text, ', ') FROM orders GROUP BY note
SELECT note, json_agg(json_build_object('id', id) ORDER BY id) FROM orders GROUP BY note
SELECT jsonb_build_object('total', sum(salaries)) ->> 'total' AS total FROM orders
SELECT key, value FROM jsonb_each_text('{"a": 1}') AS e (key, value)
SELECT (jsonb_path_query('{"a": [1, 2]}', '$.a[*]'))::int AS n
SELECT split_part(note, ',', 1), regexp_replace(note, '[^a-z]', '', 'g'), left(note, 1), right(note, 1), lpad(note, 5, '0'), initcap(note), concat_ws('-', note, id), format('%s-%s', note, id) FROM orders
SELECT substring(note FROM '^.'), position('a' IN note), overlay(note PLACING 'x' FROM 1 FOR 1), trim(LEADING 'a' FROM note), translate(note, 'a', 'b'), repeat(note, 2), strpos(note, 'a') FROM orders
SELECT round(avg(salaries), 2), stddev(salaries), variance(salaries), corr(id, salaries), regr_slope(id, salaries), mode() WITHIN GROUP (ORDER BY note) FROM orders
SELECT ceil(1.2), floor(1.8), trunc(1.55, 1), power(2, 3), sqrt(4), abs(-1), mod(5, 2), 5 / 2.0, ln(2), greatest(1, 2), least(1, 2), sign(-1), width_bucket(5, 0, 10, 5)
SELECT CASE note WHEN 'a' THEN 1 ELSE 0 END AS is_a, nullif(salaries, 0), salaries::numeric(10, 2), CAST(id AS bigint) FROM orders
SELECT DISTINCT ON (note) note, id FROM orders ORDER BY note, id DESC
SELECT DISTINCT note FROM orders FETCH FIRST 5 ROWS ONLY
SELECT note FROM orders UNION ALL SELECT note FROM notes EXCEPT SELECT 'x' ORDER BY 1
SELECT id FROM orders INTERSECT SELECT id FROM events
WITH RECURSIVE days (d) AS (SELECT date '2026-01-01' UNION ALL SELECT d + 1 FROM days WHERE d < date '2026-01-05') SELECT d FROM days
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SEARCH DEPTH FIRST BY n SET o SELECT * FROM t
SELECT first_value(note) OVER w AS first, last_value(note) OVER w AS last, nth_value(note, 1) OVER w, cume_dist() OVER w, dense_rank() OVER w FROM orders WINDOW w AS (PARTITION BY salaries ORDER BY id)
SELECT * FROM orders o FULL OUTER JOIN events e USING (id) WHERE o.id IS DISTINCT FROM e.id
SELECT o.*, n.note AS other FROM orders o NATURAL LEFT JOIN notes n
SELECT bool_or(id > 1), every(id > 0), bit_and(id), count(DISTINCT note), max(note), min(id) FROM orders
SELECT unnest(string_to_array('a,b', ',')) AS part, generate_subscripts(ARRAY[1, 2], 1)
SELECT id, (SELECT max(x.id) FROM orders x WHERE x.id < o.id) AS previous FROM orders o ORDER BY previous NULLS FIRST
SELECT id % 2 = 0 AS even, id << 1, id & 1, note || '!' AS loud, note ~* '^A' AS starts, note SIMILAR TO 'a|b' FROM orders
SELECT int4range(1, 5) @> 3, daterange('2026-01-01', '2026-02-01') && daterange('2026-01-15', '2026-03-01'), lower(int4range(1, 5))
SELECT cardinality(ARRAY[1, 2]), array_length(ARRAY[1], 1), ARRAY[1, 2] || 3, 1 = ANY (ARRAY[1]), array_position(ARRAY['a'], 'a'), (ARRAY[1, 2])[1]
SELECT md5(note), encode(sha256(note::bytea), 'hex'), gen_random_uuid() IS NOT NULL, random() < 2 FROM orders
SELECT to_tsvector('english', note) @@ to_tsquery('english', 'a') FROM orders
SELECT pg_size_pretty(1024::bigint), pg_column_size(id) FROM orders
SELECT "Odd One".id, "Odd One"."Salaries" FROM "Odd One" ORDER BY "Odd One".id
SELECT o.note note_of, o.id AS order_id, 1 "one" FROM orders o LIMIT 10 OFFSET 0
SELECT extract(isodow FROM current_date)::int AS weekday, to_char(current_date, 'Day') AS name, justify_interval(interval '40 days')
SELECT sum(salaries) /* in cents */ FROM orders -- all
SELECT sum(CASE WHEN note = 'a' THEN salaries ELSE 0 END) AS a_total, avg(salaries) FILTER (WHERE salaries > 0) AS mean FROM orders
EXPLAIN (COSTS OFF) SELECT note, count(*) FROM orders GROUP BY note
SELECT o.type, o.value, o.name FROM (SELECT note AS type, id AS value, note AS name FROM orders) o
SELECT count(*) AS count, sum(id) AS sum, max(id) AS max, min(id) min FROM orders
SELECT date, text, time FROM (SELECT now()::date AS date, 'a' AS text, now()::time AS time) x
SELECT x.date, x.count FROM (SELECT now()::date AS date, count(*) FROM orders) x
SELECT u.name, u.id FROM (SELECT id, note AS name FROM orders) u ORDER BY u.name
