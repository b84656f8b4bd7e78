# Which servers this run uses, starts and stops, and what it tells the suite. Sourced, never run.
# shellcheck shell=bash

# Asked for; those of them that are not given by URL; and those that this run has started.
ASKED=()
WANTED=()
STARTED=()

# One run at a time in one cache. A killed run loses its lock with its last process.
take_lock() {
  command -v flock >/dev/null || return 0
  exec 9>"$CACHE/lock"
  if ! flock --nonblock 9; then
    say "waiting for another run in $CACHE"
    flock 9
  fi
}

choose_servers() {
  local server url only=() left_out=()
  read -r -a only <<<"${PORTOLAN_TEST_ONLY-}"
  for server in "${only[@]}"; do
    is_one_of "$server" sqlite "${ALL_SERVERS[@]}" ||
      die "PORTOLAN_TEST_ONLY: \"$server\" is none of: sqlite ${ALL_SERVERS[*]}"
  done
  for server in "${ALL_SERVERS[@]}"; do
    url=$(variable "$server" URL)
    if [[ ${#only[@]} -gt 0 ]] && ! is_one_of "$server" "${only[@]}"; then
      left_out+=("$server")
      unset "$url" "$(variable "$server" SOCKET)" "$(variable "$server" PID)"
    elif [[ -n ${!url-} ]] && ! is_ours "$server" "${!url}"; then
      say "using the $server of $url"
      ASKED+=("$server")
    else
      ASKED+=("$server")
      WANTED+=("$server")
    fi
  done
  [[ ${#left_out[@]} -eq 0 ]] || say "LEFT OUT, as PORTOLAN_TEST_ONLY says: ${left_out[*]}"
}

# After eval "$(tests/run --up)" the URL is set, but the server is, or was, this cache's own.
is_ours() {
  [[ -e $CACHE/urls ]] && grep -qxF "$(variable "$1" URL)=$2" "$CACHE/urls"
}

is_running() {
  if [[ -e $RUN/$1/docker ]]; then docker_is_running "$1"; else debian_is_running "$1"; fi
}

# provide OWNER: everything the suite needs. OWNER: run (ends with this run) or up (stays).
provide() {
  # choose_provider sets docker, start_servers reads it.
  local server missing=() owner=$1 docker=
  for server in "${WANTED[@]}"; do
    if is_running "$server" && [[ -e $RUN/$server/exports && $(cat "$RUN/$server/owner") == up ]]; then
      say "using the running $server"
    else
      missing+=("$server")
    fi
  done
  if [[ ${#missing[@]} -gt 0 ]]; then
    # Whatever a crashed run left of them.
    stop_servers "${missing[@]}"
    choose_provider
    [[ -n $docker ]] || need_debian "${missing[@]}"
    [[ -n $docker ]] || install_release_packages "${missing[@]}"
  fi
  make_tls
  install_client_tools
  install_pooler "${WANTED[@]}"
  install_prometheus
  install_around
  # The clients come from elsewhere, so they are fetched while the servers start.
  # They keep the lock (9) even if we die, since two must not write there; our caller's output (3) they leave.
  install_clients 3>&- &
  local clients=$!
  if [[ ${#missing[@]} -gt 0 ]]; then start_servers "$owner" "${missing[@]}"; fi
  wait "$clients" || die "the MCP clients are missing, see above"
  check_programs
}

choose_provider() {
  case ${PORTOLAN_TEST_PROVIDER-} in
    debian) ;;
    docker)
      docker_answers || die "PORTOLAN_TEST_PROVIDER=docker, but no Docker engine with Compose answers"
      docker=yes
      ;;
    "") if docker_answers; then docker=yes; fi ;;
    *) die "PORTOLAN_TEST_PROVIDER is docker or debian" ;;
  esac
}

# start_servers OWNER SERVER..: all at the same time.
start_servers() {
  local owner=$1 server port pid pids=() ports=() failed=
  shift
  for server in "$@"; do
    mkdir -p "$RUN/$server"
    echo "$owner" >"$RUN/$server/owner"
    STARTED+=("$server")
  done
  if [[ -n $docker ]]; then
    docker_start "$@"
    return
  fi
  if is_one_of postgres_18 "$@" || is_one_of mysql_9 "$@"; then build_sid; fi
  for server in "$@"; do
    port=$(free_port "${ports[@]}")
    ports+=("$port")
    debian_start "$server" "$port" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || failed=yes
  done
  [[ -z $failed ]] || die "a database that was asked for could not be provided, see above"
}

# A port that nobody listens on and that is none of the arguments; below those that clients are given.
free_port() {
  local port tries=0
  while ((tries++ < 200)); do
    port=$((20000 + RANDOM % 12000))
    is_one_of "$port" "$@" && continue
    if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  die "found no free port"
}

# The trap of a run that ends: what it was still doing, then what it started.
finish() {
  trap '' INT TERM HUP
  local job
  for job in $(jobs -p); do
    kill "$job" 2>/dev/null || true
  done
  # A server that is being started has its pid file by now, or never will.
  wait
  stop_servers "${STARTED[@]}"
}

stop_servers() {
  local server
  for server in "$@"; do
    [[ -d $RUN/$server ]] || continue
    if [[ -e $RUN/$server/docker ]]; then docker_stop "$server"; else debian_stop "$server"; fi
    rm -rf "${RUN:?}/$server"
    say "$server is down"
  done
}

restart_server() {
  is_running "$1" || [[ -e $RUN/$1/exports ]] || die "$1 was not started from $CACHE"
  if [[ -e $RUN/$1/docker ]]; then
    docker_restart "$1"
  else
    kill_server "$1"
    start_data "$1"
  fi
}

# K=V lines for the suite.
exports() {
  local server
  # What the suite must not do without.
  echo "PORTOLAN_TEST_DATABASES=${ASKED[*]}"
  echo "PORTOLAN_TEST_WHOLE=yes"
  for server in "${WANTED[@]}"; do
    cat "$RUN/$server/exports"
  done
  echo "PORTOLAN_TEST_TLS_DIR=$TLS"
  program_exports "${WANTED[@]}"
  client_exports
}

# The same, for `eval`.
print_exports() {
  local name value
  while IFS='=' read -r name value; do
    printf 'export %s=%q\n' "$name" "$value"
  done < <(exports)
}
