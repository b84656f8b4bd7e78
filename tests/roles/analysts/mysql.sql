SELECT date_format(now(), '%Y-%m') AS month, count(*) AS orders, sum({p}salaries) AS total FROM {p}orders GROUP BY month ORDER BY month
SELECT o.id, o.note AS `Note`, row_number() OVER (PARTITION BY o.note ORDER BY o.id DESC) AS rn FROM {p}orders AS o
WITH totals AS (SELECT note, sum({p}salaries) AS total FROM {p}orders GROUP BY note) SELECT note, total, round(100.0 * total / sum(total) OVER (), 2) AS share FROM totals ORDER BY share DESC
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT a.x, b.x FROM a CROSS JOIN b
SELECT id, sum({p}salaries) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM {p}orders
SELECT id, {p}salaries - lag({p}salaries) OVER (ORDER BY id) AS delta FROM {p}orders
SELECT id, ntile(4) OVER (ORDER BY {p}salaries) AS quartile, percent_rank() OVER (ORDER BY {p}salaries) AS pr FROM {p}orders
SELECT sum(note = 'a') AS a, sum(note <> 'a') AS rest, sum(if(note = 'a', 1, 0)) FROM {p}orders
SELECT coalesce(note, '(none)') AS note, count(*) FROM {p}orders GROUP BY note WITH ROLLUP
SELECT note, count(*) AS n FROM {p}orders GROUP BY note HAVING n > 0 AND count(*) > 0
SELECT datediff(now(), '2026-01-01'), timestampdiff(MONTH, '2026-01-01', now()), date_sub(curdate(), INTERVAL 30 DAY), now() - INTERVAL 1 HOUR
SELECT year(now()), month(now()), day(now()), dayname(now()), week(now()), quarter(now()), last_day(now()), hour(now()), dayofweek(now())
SELECT str_to_date('2026-01-01', '%Y-%m-%d'), unix_timestamp(now()), from_unixtime(0), convert_tz(now(), '+00:00', '+02:00'), makedate(2026, 1)
SELECT extract(YEAR_MONTH FROM now()), date(now()), time(now()), date_add('2026-01-01', INTERVAL 1 MONTH), adddate('2026-01-01', 3), to_days(now())
SELECT id FROM {p}orders WHERE note LIKE '%a%' AND id BETWEEN 1 AND 10 OR note IS NULL
SELECT id FROM {p}orders o WHERE NOT EXISTS (SELECT 1 FROM {p}notes n WHERE n.note = o.note)
SELECT id FROM {p}orders WHERE (id, note) IN ((1, 'a'), (2, 'b'))
SELECT note, group_concat(id ORDER BY id DESC SEPARATOR '; ') AS ids FROM {p}orders GROUP BY note
SELECT json_object('id', id, 'note', note), json_unquote(json_extract('{"a": "b"}', '$.a')), json_valid('1'), json_length('[1]') FROM {p}orders
SELECT json_arrayagg(id), json_objectagg(coalesce(note, ''), id) FROM {p}orders
SELECT j.n, j.a FROM JSON_TABLE('[{"a": 1}]', '$[*]' COLUMNS (n FOR ORDINALITY, a INT PATH '$.a' DEFAULT '0' ON EMPTY)) AS j
SELECT o.id, j.value, j.v FROM {p}orders o, JSON_TABLE('[1, 2]', '$[*]' COLUMNS (value FOR ORDINALITY, v INT PATH '$')) j
SELECT substring_index(note, ',', 1), regexp_replace(note, '[^a-z]', ''), left(note, 1), right(note, 1), lpad(note, 5, '0'), concat_ws('-', note, id), replace(note, 'a', 'b'), instr(note, 'a'), locate('a', note) FROM {p}orders
SELECT mid(note, 1, 1), substr(note, 1), trim(BOTH 'a' FROM note), reverse(note), repeat(note, 2), ucase(note), lcase(note), char_length(note), field(note, 'a', 'b'), elt(1, 'x'), find_in_set('a', 'a,b') FROM {p}orders
SELECT round(avg({p}salaries), 2), stddev({p}salaries), variance({p}salaries), std({p}salaries), bit_and(id), bit_or(id) FROM {p}orders
SELECT ceil(1.2), floor(1.8), truncate(1.55, 1), pow(2, 3), sqrt(4), abs(-1), mod(5, 2), 5 / 2, 5 DIV 2, 5 % 2, ln(2), greatest(1, 2), least(1, 2), sign(-1), format(1234.5, 2), conv(10, 10, 2)
SELECT CASE note WHEN 'a' THEN 1 ELSE 0 END AS is_a, nullif({p}salaries, 0), CAST(id AS DECIMAL(10, 2)), CAST(id AS SIGNED), CONVERT(id, CHAR), ifnull(note, 'x'), isnull(note) FROM {p}orders
SELECT DISTINCT note FROM {p}orders ORDER BY note LIMIT 5 OFFSET 0
SELECT note FROM {p}orders UNION ALL SELECT note FROM {p}notes EXCEPT SELECT 'x' ORDER BY 1
SELECT id FROM {p}orders INTERSECT SELECT id FROM {p}orders
WITH RECURSIVE days (d) AS (SELECT CAST('2026-01-01' AS DATE) UNION ALL SELECT d + INTERVAL 1 DAY FROM days WHERE d < '2026-01-05') SELECT d FROM days
SELECT first_value(note) OVER w AS first, last_value(note) OVER w AS last, nth_value(note, 1) OVER w, cume_dist() OVER w, dense_rank() OVER w FROM {p}orders WINDOW w AS (PARTITION BY {p}salaries ORDER BY id)
SELECT id, rank() OVER a, sum(id) OVER b FROM {p}orders WINDOW a AS (ORDER BY id), b AS (PARTITION BY note)
SELECT o.id, n.note FROM {p}orders o LEFT OUTER JOIN {p}notes n ON n.note = o.note AND o.id > 0 RIGHT JOIN {p}orders x ON x.id = o.id
SELECT o.*, n.note AS other FROM {p}orders o NATURAL LEFT JOIN {p}notes n
SELECT o.id FROM {p}orders o INNER JOIN {p}orders p USING (id) CROSS JOIN {p}notes n
SELECT count(DISTINCT note), max(note), min(id), count(DISTINCT note, id) FROM {p}orders
SELECT id, (SELECT max(x.id) FROM {p}orders x WHERE x.id < o.id) AS previous FROM {p}orders o ORDER BY previous IS NULL, previous DESC
SELECT id % 2 = 0 AS even, id << 1, id & 1, concat(note, '!') AS loud, note REGEXP '^a' AS starts, note RLIKE 'b', note <=> NULL, NOT note IS NULL, id XOR 1 FROM {p}orders
SELECT sha2(note, 256), crc32(note), hex(note), unhex('41'), to_base64(note), uuid() IS NOT NULL, rand() < 2 FROM {p}orders
SELECT inet_aton('127.0.0.1'), inet_ntoa(2130706433), bin(5), ascii('a'), char(65), ord('a'), space(2), soundex('a'), quote('a')
SELECT `{p}Odd One`.id, `{p}Odd One`.`Salaries` FROM `{p}Odd One` ORDER BY `{p}Odd One`.id
SELECT o.note note_of, o.id AS order_id, 1 one, 2 AS 'two', 3 AS "three" FROM {p}orders o LIMIT 10
SELECT sum({p}salaries) /* in cents */ FROM {p}orders # all
SELECT sum(CASE WHEN note = 'a' THEN {p}salaries ELSE 0 END) AS a_total, avg(nullif({p}salaries, 0)) AS mean FROM {p}orders
EXPLAIN SELECT note, count(*) FROM {p}orders GROUP BY note
SELECT count(*) AS count, sum(id) AS sum, max(id) AS max, min(id) min FROM {p}orders
SELECT x.date, x.n FROM (SELECT curdate() AS date, count(*) AS n FROM {p}orders) x
SELECT d.name, d.total FROM (SELECT note AS name, sum(id) AS total FROM {p}orders GROUP BY note) AS d WHERE d.total > 0 ORDER BY d.total DESC LIMIT 3
SELECT s.note, s.id FROM (SELECT note, id, row_number() OVER (PARTITION BY note ORDER BY id) AS rn FROM {p}orders) s WHERE s.rn = 1
SELECT o.id FROM {p}orders o WHERE o.id > ALL (SELECT x.id FROM {p}orders x WHERE x.id < 1)
SELECT o.id FROM {p}orders o WHERE o.id = (SELECT max(id) FROM {p}orders) OR o.note IN (SELECT note FROM {p}notes)
SELECT date '2026-01-01' AS d, time '10:00:00' AS t, timestamp '2026-01-01 10:00:00' AS ts, true, false, null, 0x41, b'1', 1e3, .5, -1.5
SELECT now(), sysdate(), current_timestamp, current_timestamp(), curtime(), utc_date(), localtime, current_date, utc_timestamp()
SELECT period_diff(202602, 202601), sec_to_time(60), time_to_sec('00:01:00'), timediff('10:00', '09:00'), addtime('10:00', '01:00'), weekday(now()), dayofyear(now()), yearweek(now()), monthname(now())
SELECT note COLLATE utf8mb4_bin, BINARY note = 'a', _utf8mb4'a', convert(note USING utf8mb4), charset(note) FROM {p}orders
SELECT {p}orders.id, {d}.{p}orders.note FROM {d}.{p}orders WHERE {d}.{p}orders.id > 0
SELECT json_value('{"a": 1}', '$.a'), json_contains('[1]', '1'), json_keys('{"a": 1}'), json_type('1'), json_set('{}', '$.a', 1), json_search('["a"]', 'one', 'a')
SELECT o.id FROM {p}orders o USE INDEX (PRIMARY) WHERE o.id IN (1, 2, 3) ORDER BY field(o.id, 3, 2, 1)
SELECT sql_no_cache id FROM {p}orders
SELECT o.id, l.n FROM {p}orders o JOIN (SELECT note, count(*) AS n FROM {p}orders GROUP BY note) l ON l.note = o.note
SELECT id FROM {p}orders ORDER BY rand() LIMIT 1
