# Servers from docker-compose.test.yml, where a Docker engine answers. Sourced, never run.
# shellcheck shell=bash

docker_answers() {
  command -v docker >/dev/null && docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1
}

# A project of its own for each cache, so that two clones do not meet.
docker_compose() {
  PORTOLAN_TEST_FILES=$CACHE/docker docker compose --file "$REPO/docker-compose.test.yml" \
    --project-name "portolan-test-$(printf '%s' "$CACHE" | cksum | cut -d ' ' -f 1)" "$@" 9>&-
}

# What the containers are given: certificates, accounts, and who may come in how.
docker_files() {
  local files=$CACHE/docker
  mkdir -p "$files"/{tls,postgres,mariadb,mysql}
  cp "$TLS"/{ca.pem,server.pem,server.key} "$files/tls"
  postgres_hba >"$files/pg_hba.conf"
  postgres_accounts >"$files/postgres/accounts.sql"
  mysql_accounts mysql_native_password >"$files/mariadb/accounts.sql"
  mysql_accounts caching_sha2_password >"$files/mysql/accounts.sql"
  # The images' own users read them.
  chmod -R a+rX "$files"
}

# docker_start SERVER..: all of them, until their health checks pass.
docker_start() {
  local server port
  docker_files
  for server in "$@"; do
    mkdir -p "$RUN/$server" "$CACHE/docker/sockets/$server"
    chmod 777 "$CACHE/docker/sockets/$server"
    touch "$RUN/$server/docker"
  done
  say "starting with Docker Compose: $*"
  if ! docker_compose up --detach --wait --wait-timeout 300 "$@" >&2; then
    docker_compose logs --tail 20 "$@" >&2 || true
    die "Docker Compose could not start the servers (PORTOLAN_TEST_PROVIDER=debian uses Debian's packages instead)"
  fi
  for server in "$@"; do
    docker_write_exports "$server"
  done
}

docker_write_exports() {
  local server=$1 inner=3306 port socket=
  [[ $server == postgres_* ]] && inner=5432
  port=$(docker_compose port "$server" "$inner")
  # Elsewhere than on Linux the engine is in a virtual machine: no shared sockets, no process ids.
  local pid=
  if [[ $(uname) == Linux ]]; then
    pid=$(docker inspect --format '{{.State.Pid}}' "$(docker_compose ps --quiet "$server")")
    socket=$(short_folder)/$server
    ln -sfn "$CACHE/docker/sockets/$server" "$socket"
    [[ $server == postgres_* ]] || socket=$socket/server.sock
  fi
  write_exports "$server" "${port##*:}" "$socket" "$pid"
}

docker_is_running() {
  [[ -n $(docker_compose ps --quiet --status running "$1" 2>/dev/null) ]]
}

docker_restart() {
  docker_compose restart "$1" >&2
  docker_compose up --detach --wait --wait-timeout 120 "$1" >&2
  docker_write_exports "$1"
}

docker_stop() {
  docker_compose rm --stop --force --volumes "$1" >&2
  rm -rf "$CACHE/docker/sockets/${1:?}"
  rm -f "$(short_folder)/${1:?}"
  # The project's network goes with its last container.
  if [[ -z $(docker_compose ps --quiet --all) ]]; then docker_compose down >&2; fi
}

# docker_program NAME IMAGE PROGRAM: that program from the image, on this machine's network and files.
docker_program() {
  mkdir -p "$CACHE/bin"
  cat >"$CACHE/bin/$1" <<WRAPPER
#!/bin/sh
exec docker run --rm --interactive --network host --volume '$CACHE:$CACHE' --volume /tmp:/tmp \\
  --entrypoint '$3' '$2' "\$@"
WRAPPER
  chmod 755 "$CACHE/bin/$1"
}
