# MariaDB 10.11 and MySQL 9 from Debian's packages. Sourced, never run; `place` has set where.
# shellcheck shell=bash disable=SC2154

# What both providers give both servers.
mysql_settings() {
  printf '%s\n' --max-connections=300 --skip-name-resolve --skip-log-bin \
    --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF --innodb-buffer-pool-size=64M
}

# The package's default for the character set comes from a file that --no-defaults leaves out.
mariadb_settings() {
  mysql_settings
  printf '%s\n' --character-set-server=utf8mb4 --collation-server=utf8mb4_general_ci --innodb-log-file-size=16M
}

mysql_9_settings() {
  mysql_settings
  printf '%s\n' --mysqlx=OFF --secure-file-priv=NULL --innodb-redo-log-capacity=16M
}

mariadb_template() {
  local settings
  mapfile -t settings < <(mariadb_settings)
  mysql_accounts mysql_native_password >"$home/accounts.sql"
  "${enter[@]}" /usr/bin/mariadb-install-db --no-defaults --datadir="$inside/template" --skip-name-resolve \
    --auth-root-authentication-method=normal --skip-test-db --extra-file="$inside/accounts.sql" "${settings[@]}"
}

mysql_template() {
  local settings
  mapfile -t settings < <(mysql_9_settings)
  mysql_accounts caching_sha2_password >"$home/accounts.sql"
  "${enter[@]}" /usr/sbin/mysqld --no-defaults --initialize-insecure --datadir="$inside/template" \
    --init-file="$inside/accounts.sql" "${settings[@]}"
}

# start_mysqld SERVER PORT BINARY SETTING..
start_mysqld() {
  local server=$1 port=$2 binary=$3
  shift 3
  # A crash leaves them, and the lock may name a process that is somebody else's by now.
  rm -f "$home"/server.sock*
  echo "--datadir=$inside/data " >"$RUN/$server/marker"
  spawn "$server" "$binary" --no-defaults --datadir="$inside/data" --socket="$inside/server.sock" \
    --pid-file="$inside/data/server.pid" --bind-address=127.0.0.1 --port="$port" \
    --ssl-ca="$inside/tls/ca.pem" --ssl-cert="$inside/tls/server.pem" --ssl-key="$inside/tls/server.key" "$@"
}

mariadb_start() {
  local settings
  mapfile -t settings < <(mariadb_settings)
  start_mysqld "$1" "$2" /usr/sbin/mariadbd "${settings[@]}"
}

mysql_start() {
  local settings
  mapfile -t settings < <(mysql_9_settings)
  start_mysqld "$1" "$2" /usr/sbin/mysqld "${settings[@]}"
}

mysql_answers_with() {
  "${enter[@]}" "$1" --no-defaults --socket="$inside/server.sock" --user=portolan \
    --password="$TEST_PASSWORD" --execute='SELECT 1' "$TEST_DATABASE"
}

mariadb_answers() { mysql_answers_with /usr/bin/mariadb; }
mysql_answers() { mysql_answers_with /usr/bin/mysql; }

mariadb_socket() { echo "$sockets/server.sock"; }
mysql_socket() { echo "$sockets/server.sock"; }
