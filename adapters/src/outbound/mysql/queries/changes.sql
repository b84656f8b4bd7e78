-- How many statements that change schemas, or who may see them, the server was ever sent, in whatever way; since when it
-- counts; and how many statements it is at, this one among them. Everybody may read this, and no table is opened for it.
SELECT
  CONCAT_WS(
    ' ',
    DATABASE(),
    UNIX_TIMESTAMP() - SUM(IF(variable_name = 'UPTIME', variable_value, 0)),
    SUM(IF(
      variable_name REGEXP '^COM_(CREATE|ALTER|DROP|RENAME|GRANT|REVOKE)' AND variable_name NOT LIKE '%TEMPORARY%',
      variable_value, 0))),
  CAST(SUM(IF(variable_name = 'THREADS_RUNNING', variable_value, 0)) AS UNSIGNED)
FROM information_schema.global_status
