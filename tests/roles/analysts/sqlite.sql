SELECT strftime('%Y-%m', 'now') AS month, count(*) AS orders, sum(id) AS total FROM orders GROUP BY month ORDER BY month
SELECT o.id, o.note AS "Note", row_number() OVER (PARTITION BY o.note ORDER BY o.id DESC) AS rn FROM orders AS o
WITH totals AS (SELECT note, sum(id) AS total FROM orders GROUP BY note) SELECT note, total, round(100.0 * total / sum(total) OVER (), 2) AS share FROM totals ORDER BY share DESC
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT a.x, b.x FROM a CROSS JOIN b
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM orders
SELECT id, id - lag(id) OVER (ORDER BY id) AS delta, ntile(4) OVER (ORDER BY id) AS quartile FROM orders
SELECT count(*) FILTER (WHERE note = 'a') AS a, sum(note = 'a'), total(id) FROM orders
SELECT coalesce(note, '(none)') AS note, count(*) AS n FROM orders GROUP BY note HAVING n > 0
SELECT date('now', '-30 days'), datetime('now', 'start of month'), julianday('now') - julianday('2026-01-01'), time('now'), unixepoch('now')
SELECT strftime('%w', 'now') AS weekday, date('now', 'weekday 1'), strftime('%j', '2026-01-01'), CAST(strftime('%Y', 'now') AS INTEGER)
SELECT id FROM orders WHERE note LIKE '%a%' AND id BETWEEN 1 AND 10 OR note IS NULL
SELECT id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM notes n WHERE n.note = o.note)
SELECT id FROM orders WHERE (id, note) IN (VALUES (1, 'a'), (2, 'b'))
SELECT id FROM orders WHERE note IN (SELECT note FROM notes) OR id = (SELECT max(id) FROM orders)
SELECT note, group_concat(id, '; ') AS ids FROM orders GROUP BY note
SELECT json_object('id', id, 'note', note), json_extract('{"a": 1}', '$.a'), '{"a": 1}' ->> '$.a' FROM orders
SELECT json_group_array(id), json_group_object(note, id) FROM orders
SELECT e.key, e.value, e.type FROM json_each('{"a": 1}') AS e
SELECT o.id, e.value FROM orders o, json_each('[1, 2]') e
SELECT t.fullkey, t.atom FROM json_tree('{"a": [1]}') t WHERE t.atom IS NOT NULL
SELECT substr(note, 1, 1), replace(note, 'a', 'b'), upper(note), lower(note), trim(note), ltrim(note, 'a'), length(note), instr(note, 'a'), printf('%05d', id), note || '!' FROM orders
SELECT round(avg(id), 2), max(note), min(id), count(DISTINCT note) FROM orders
SELECT abs(-1), round(1.55, 1), max(1, 2), min(1, 2), 5 / 2, 5 % 2, 5 / 2.0, random() IS NOT NULL, sign(-1), typeof(1), quote('a'), hex('a'), iif(1, 2, 3)
SELECT CASE note WHEN 'a' THEN 1 ELSE 0 END AS is_a, nullif(id, 0), ifnull(note, 'x'), CAST(id AS REAL), CAST(id AS TEXT) FROM orders
SELECT DISTINCT note FROM orders ORDER BY note LIMIT 5 OFFSET 0
SELECT note FROM orders UNION ALL SELECT note FROM notes EXCEPT SELECT 'x' ORDER BY 1
SELECT id FROM orders INTERSECT SELECT id FROM orders
WITH RECURSIVE days(d) AS (SELECT date('2026-01-01') UNION ALL SELECT date(d, '+1 day') FROM days WHERE d < '2026-01-05') SELECT d FROM days
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n LIMIT 5) SELECT sum(i) FROM n
SELECT first_value(note) OVER w AS first, last_value(note) OVER w AS last, nth_value(note, 1) OVER w, cume_dist() OVER w, dense_rank() OVER w FROM orders WINDOW w AS (PARTITION BY paid_by ORDER BY id)
SELECT sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders
SELECT o.id, n.note FROM orders o LEFT JOIN notes n ON n.note = o.note AND o.id > 0
SELECT o.*, n.note AS other FROM orders o NATURAL JOIN notes n
SELECT o.id FROM orders o INNER JOIN orders p USING (id) CROSS JOIN notes n
SELECT * FROM orders o FULL OUTER JOIN notes n ON n.note = o.note
SELECT id, (SELECT max(x.id) FROM orders x WHERE x.id < o.id) AS previous FROM orders o ORDER BY previous NULLS LAST
SELECT id % 2 = 0 AS even, id << 1, id & 1, note GLOB 'a*', note IS NOT NULL, note IS 'a', NOT id FROM orders
SELECT id AS salaries FROM orders ORDER BY salaries
SELECT salaries.id FROM orders AS salaries WHERE salaries.id > 0
SELECT salaries.id FROM orders salaries
WITH salaries AS (SELECT 1 AS n) SELECT salaries.n FROM salaries
WITH salaries(n) AS (VALUES (1), (2)) SELECT sum(n) FROM salaries
SELECT x.salaries FROM (SELECT id AS salaries FROM orders) x WHERE x.salaries > 0
SELECT 'salaries' AS what, "note" FROM orders WHERE note <> 'salaries'
SELECT sum(salaries) FROM (SELECT id AS salaries FROM orders GROUP BY id)
SELECT (SELECT count(*) FROM orders) AS salaries, count(*) FROM notes
SELECT [note], `id`, "paid_by" FROM [orders]
SELECT o.note note_of, o.id AS order_id, 1 one FROM main.orders o LIMIT 10
SELECT sum(id) /* salaries */ FROM orders -- all salaries
SELECT sum(CASE WHEN note = 'a' THEN id ELSE 0 END) AS a_total, avg(nullif(id, 0)) AS mean FROM orders
EXPLAIN QUERY PLAN SELECT note, count(*) FROM orders GROUP BY note
SELECT count(*) AS count, sum(id) AS sum, max(id) AS max FROM orders
SELECT d.name, d.total FROM (SELECT note AS name, sum(id) AS total FROM orders GROUP BY note) AS d WHERE d.total > 0 ORDER BY d.total DESC LIMIT 3
SELECT s.note FROM (SELECT note, row_number() OVER (PARTITION BY note ORDER BY id) AS rn FROM orders) s WHERE s.rn = 1
SELECT rowid, _rowid_, oid FROM orders WHERE rowid = 1
SELECT * FROM orders WHERE id IN (1, 2, 3) ORDER BY id COLLATE NOCASE DESC
VALUES (1, 'one'), (2, 'two')
SELECT column1, column2 FROM (VALUES (1, 'one'), (2, 'two'))
SELECT 1 WHERE 'a' LIKE 'A' ESCAPE '!' OR 1 NOT IN (2, 3) OR NOT 1
SELECT changes(), sqlite_version(), last_insert_rowid()
SELECT id, note FROM orders WHERE note = 'a' OR 1 = 1 GROUP BY id, note ORDER BY 2, 1
SELECT unixepoch() - unixepoch('2026-01-01') AS seconds, date('2026-01-31', '+1 month'), datetime(0, 'unixepoch')
