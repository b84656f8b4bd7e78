# The servers' own command-line clients, for the suite to compare with, a pooler that tests put in front of them, Prometheus,
# Redis, HAProxy, and a MariaDB that tests start themselves.
# Sourced, never run.
# shellcheck shell=bash

# The pooler is no server of ours: each test that wants one starts its own, set up as it needs it.
install_pooler() {
  local server
  for server in "$@"; do
    [[ $server == postgres_* && ! -e $RUN/$server/docker ]] || continue
    [[ -x /usr/sbin/pgbouncer ]] || apt_install pgbouncer
    mkdir -p "$CACHE/bin"
    # It refuses to run as root, and must not outlive the test that has started it.
    cat >"$CACHE/bin/pgbouncer" <<'WRAPPER'
#!/bin/sh
exec setpriv --reuid=65534 --regid=65534 --clear-groups --pdeathsig=TERM /usr/sbin/pgbouncer "$@"
WRAPPER
    chmod 755 "$CACHE/bin/pgbouncer"
    return
  done
}

# Unpacked and not installed: the package would start a service.
install_prometheus() {
  local folder=$CACHE/prometheus
  mkdir -p "$CACHE/bin"
  if [[ -n ${docker-} ]]; then
    docker_program prometheus prom/prometheus:v3.5.0 prometheus
    docker_program promtool prom/prometheus:v3.5.0 promtool
    return
  fi
  if [[ ! -x $folder/usr/bin/promtool ]]; then
    command -v apt-get >/dev/null || die "please put prometheus and promtool into $CACHE/bin"
    say "unpacking Prometheus"
    rm -rf "$folder"
    mkdir -p "$folder"
    {
      [[ -n $APT_UPDATED ]] || apt-get -q update
      (cd "$folder" && apt-get -q download prometheus && dpkg -x prometheus_*.deb . && rm -f prometheus_*.deb)
    } >>"$CACHE/apt.log" 2>&1 9>&- || die "apt-get could not fetch Prometheus (log: $CACHE/apt.log)"
  fi
  ln -sfn ../prometheus/usr/bin/prometheus "$CACHE/bin/prometheus"
  ln -sfn ../prometheus/usr/bin/promtool "$CACHE/bin/promtool"
}

# Where MariaDB stores names in lower case it does so from the beginning, so tests start one of their own, wherever the servers are.
MARIADBD=/usr/sbin/mariadbd

# What processes of the server share, what stands before them, and what starts them; each test starts its own.
install_around() {
  local missing=()
  if is_one_of mariadb_10_11 "${ASKED[@]}"; then
    [[ -x $MARIADBD && -x /usr/bin/mariadb-install-db ]] || missing+=(mariadb-server-core)
  fi
  [[ -x /usr/bin/redis-server && -x /usr/bin/redis-cli ]] || missing+=(redis-server)
  [[ -x /usr/sbin/haproxy ]] || missing+=(haproxy)
  # For its checks of units alone.
  [[ -x /usr/bin/systemd-analyze ]] || missing+=(systemd)
  [[ ${#missing[@]} -eq 0 ]] || apt_install "${missing[@]}"
}

# Prints K=V lines for the clients that these servers call for.
program_exports() {
  local server psql="" pooler=""
  for server in "$@"; do
    if [[ -e $RUN/$server/docker ]]; then
      case $server in
        postgres_*)
          docker_program psql pgvector/pgvector:pg18 psql && psql=$CACHE/bin/psql
          docker_program pgbouncer edoburu/pgbouncer:latest pgbouncer && pooler=$CACHE/bin/pgbouncer
          ;;
        mariadb_*) docker_program mariadb mariadb:10.11 mariadb && echo "PORTOLAN_TEST_MARIADB_CLI=$CACHE/bin/mariadb" ;;
        mysql_*) docker_program mysql mysql:9 mysql && echo "PORTOLAN_TEST_MYSQL_CLI=$CACHE/bin/mysql" ;;
      esac
      continue
    fi
    if [[ $server == postgres_* ]]; then pooler=$CACHE/bin/pgbouncer; fi
    case $server in
      postgres_15) psql=/usr/lib/postgresql/15/bin/psql ;;
      postgres_18)
        if [[ -z $psql ]]; then
          sid_program psql usr/lib/postgresql/18/bin/psql
          psql=$CACHE/bin/psql
        fi
        ;;
      mariadb_*)
        echo PORTOLAN_TEST_MARIADB_CLI=/usr/bin/mariadb
        ;;
      mysql_*)
        sid_program mysql usr/bin/mysql
        echo "PORTOLAN_TEST_MYSQL_CLI=$CACHE/bin/mysql"
        ;;
    esac
  done
  if [[ -n $psql ]]; then echo "PORTOLAN_TEST_PSQL=$psql"; fi
  if is_one_of mariadb_10_11 "${ASKED[@]}"; then echo "PORTOLAN_TEST_MARIADBD=$MARIADBD"; fi
  echo "PORTOLAN_TEST_REDIS=/usr/bin/redis-server"
  echo "PORTOLAN_TEST_HAPROXY=/usr/sbin/haproxy"
  echo "PORTOLAN_TEST_SYSTEMD_ANALYZE=/usr/bin/systemd-analyze"
  echo "PORTOLAN_TEST_PROMETHEUS=$CACHE/bin/prometheus"
  echo "PORTOLAN_TEST_PROMTOOL=$CACHE/bin/promtool"
  if [[ -n $pooler ]]; then echo "PORTOLAN_TEST_PGBOUNCER=$pooler"; fi
}

# Whatever the suite is told of has to be there: without it tests would have nothing to run.
check_programs() {
  local name value
  while IFS='=' read -r name value; do
    [[ -e $value ]] || die "$name: there is no ${value:-such program}"
  done < <(program_exports "${WANTED[@]}" && client_exports)
}
