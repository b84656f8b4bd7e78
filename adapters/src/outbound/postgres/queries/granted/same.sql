-- Whatever a digest is, it is no number.
SELECT CASE WHEN digest = pg_catalog.current_setting('portolan.expected') THEN {moment} ELSE digest::pg_catalog.int4::pg_catalog.text END
FROM (
  SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.textsend(pg_catalog.concat(
    pg_catalog.string_agg(answer::pg_catalog.text, E'\n' ORDER BY answer::pg_catalog.text COLLATE pg_catalog."C")
  ))), 'hex') AS digest
  FROM (
    {facts}
    UNION ALL
    {touched}
  ) AS answer
) AS answers
