# The accounts of the test servers, as SQL, and who may come in how. Sourced, never run.
#
#   portolan         may do everything, owns the database
#   portolan_reader  may only read (PostgreSQL: everything; else: databases named portolan_...)
#   nasty            an ordinary account with a password full of special characters
#   certuser         needs a client certificate
# shellcheck shell=bash

# The empty lines are needed: PostgreSQL's single-user mode ends a statement at one.
postgres_accounts() {
  cat <<SQL
CREATE ROLE portolan LOGIN SUPERUSER PASSWORD '$TEST_PASSWORD';

CREATE ROLE portolan_reader LOGIN PASSWORD '$TEST_PASSWORD';

CREATE ROLE nasty LOGIN PASSWORD '$NASTY_PASSWORD';

CREATE ROLE certuser LOGIN;

GRANT pg_read_all_data TO portolan_reader, certuser;

CREATE DATABASE $TEST_DATABASE OWNER portolan;

REVOKE TEMPORARY ON DATABASE $TEST_DATABASE FROM PUBLIC;

GRANT ALL ON DATABASE $TEST_DATABASE TO nasty;

SQL
}

postgres_hba() {
  cat <<'HBA'
local   all          all                 trust
local   replication  all                 trust
hostssl all          certuser  all       cert
host    all          certuser  all       reject
host    all          all       all       scram-sha-256
host    replication  all       all       scram-sha-256
HBA
}

# MariaDB and MySQL; the argument is the sign-in plugin.
mysql_accounts() {
  # The installers of both load this without the grant tables, until they are asked to.
  echo "FLUSH PRIVILEGES;"
  echo "CREATE DATABASE $TEST_DATABASE;"
  local account
  for account in portolan portolan_reader nasty certuser; do
    local password=$TEST_PASSWORD require=
    [[ $account == nasty ]] && password=$NASTY_PASSWORD
    [[ $account == certuser ]] && require=' REQUIRE X509'
    case $1 in
      mysql_native_password)
        echo "CREATE USER $account@'%' IDENTIFIED VIA $1 USING PASSWORD('$password')$require;"
        ;;
      *) echo "CREATE USER $account@'%' IDENTIFIED WITH $1 BY '$password'$require;" ;;
    esac
  done
  cat <<SQL
GRANT ALL ON *.* TO portolan@'%' WITH GRANT OPTION;
GRANT SELECT, SHOW VIEW ON \`portolan\\_%\`.* TO portolan_reader@'%';
GRANT SELECT, SHOW VIEW ON \`portolan\\_%\`.* TO certuser@'%';
GRANT ALL ON $TEST_DATABASE.* TO nasty@'%';
SQL
}
