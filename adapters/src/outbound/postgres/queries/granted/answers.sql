SELECT answer.kind, answer.schema, answer.name, answer.more, answer.further, answer::pg_catalog.text
FROM (
  {facts}
  UNION ALL
  {touched}
) AS answer
ORDER BY answer::pg_catalog.text COLLATE pg_catalog."C"
