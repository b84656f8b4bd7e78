# PostgreSQL 15 and 18 from Debian's packages. Sourced, never run; `place` has set where.
# shellcheck shell=bash disable=SC2154

postgres_bin() { echo "/usr/lib/postgresql/${1#postgres_}/bin"; }

postgres_template() {
  local bin
  bin=$(postgres_bin "$1")
  "${enter[@]}" "$bin/initdb" --pgdata="$inside/template" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync
  # Without it a failed statement would not fail the command.
  postgres_accounts |
    "${enter[@]}" "$bin/postgres" --single -j -c exit_on_error=true -D "$inside/template" postgres
  postgres_hba >"$home/template/pg_hba.conf"
}

# What both providers give the server, as `-c` options.
postgres_settings() {
  printf '%s\n' ssl=on max_connections=300 timezone=UTC \
    fsync=off full_page_writes=off synchronous_commit=off shared_buffers=64MB max_wal_size=256MB \
    wal_level=logical max_prepared_transactions=20 shared_preload_libraries=pg_stat_statements
}

postgres_start() {
  local server=$1 port=$2 setting settings=()
  while read -r setting; do
    settings+=(-c "$setting")
  done < <(postgres_settings)
  # A crash leaves them, and they may name a process that is somebody else's by now.
  rm -f "$home/data/postmaster.pid" "$home"/.s.PGSQL.*
  # Shared memory as a file in the data folder is gone with it; the root has no /dev/shm of its own.
  settings+=(-c dynamic_shared_memory_type=mmap -c listen_addresses=127.0.0.1 -c "port=$port"
    -c "unix_socket_directories=$inside"
    -c "ssl_ca_file=$inside/tls/ca.pem" -c "ssl_cert_file=$inside/tls/server.pem" -c "ssl_key_file=$inside/tls/server.key")
  echo "-D $inside/data " >"$RUN/$server/marker"
  spawn "$server" "$(postgres_bin "$server")/postgres" -D "$inside/data" "${settings[@]}"
}

postgres_answers() {
  "${enter[@]}" "$(postgres_bin "$1")/psql" -qtA -h "$inside" -p "$(<"$RUN/$1/port")" -U portolan \
    -c 'SELECT 1' "$TEST_DATABASE"
}

postgres_socket() { echo "$sockets"; }
