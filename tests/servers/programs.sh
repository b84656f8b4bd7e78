# The servers' own command-line clients, for the suite to compare with. Sourced, never run.
# shellcheck shell=bash

# Prints K=V lines for the clients that these servers call for.
program_exports() {
  local server psql=
  for server in "$@"; do
    if [[ -e $RUN/$server/docker ]]; then
      case $server in
        postgres_*) docker_program psql pgvector/pgvector:pg18 psql && psql=$CACHE/bin/psql ;;
        mariadb_*) docker_program mariadb mariadb:10.11 mariadb && echo "PORTOLAN_TEST_MARIADB_CLI=$CACHE/bin/mariadb" ;;
        mysql_*) docker_program mysql mysql:9 mysql && echo "PORTOLAN_TEST_MYSQL_CLI=$CACHE/bin/mysql" ;;
      esac
      continue
    fi
    case $server in
      postgres_15) psql=/usr/lib/postgresql/15/bin/psql ;;
      postgres_18)
        if [[ -z $psql ]]; then
          sid_program psql usr/lib/postgresql/18/bin/psql
          psql=$CACHE/bin/psql
        fi
        ;;
      mariadb_*) echo PORTOLAN_TEST_MARIADB_CLI=/usr/bin/mariadb ;;
      mysql_*)
        sid_program mysql usr/bin/mysql
        echo "PORTOLAN_TEST_MYSQL_CLI=$CACHE/bin/mysql"
        ;;
    esac
  done
  if [[ -n $psql ]]; then echo "PORTOLAN_TEST_PSQL=$psql"; fi
}
