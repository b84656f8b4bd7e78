# Words that every piece of tests/run shares: messages, names, the folders. Sourced, never run.
# shellcheck shell=bash disable=SC2034 # the other pieces read what is set here

say() { printf 'tests/run: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# The databases that the suite can ask for; "sqlite" needs no server.
ALL_SERVERS=(postgres_15 postgres_18 mariadb_10_11 mysql_9)

# The accounts, the same on every server. Not secrets: the servers listen on 127.0.0.1 only.
TEST_DATABASE=portolan_test
TEST_PASSWORD=secret
# Everything that has a meaning in a URL, a shell or a configuration file.
NASTY_PASSWORD='p@ss:w/o?r#d[1]% x'

CACHE=${PORTOLAN_TEST_CACHE:-$REPO/.cache}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd -P)

# One folder per running server: how it was started, its process id, what it exports.
RUN=$CACHE/run
TLS=$CACHE/tls
mkdir -p "$RUN"

# The name of a server's variable: `variable postgres_15 URL` is PORTOLAN_TEST_POSTGRES_15_URL.
variable() { printf 'PORTOLAN_TEST_%s_%s' "${1^^}" "$2"; }

is_one_of() {
  local wanted=$1 candidate
  shift
  for candidate in "$@"; do
    [[ $candidate == "$wanted" ]] && return 0
  done
  return 1
}

scheme_of() {
  case $1 in
    postgres_*) echo postgres ;;
    mariadb_*) echo mariadb ;;
    mysql_*) echo mysql ;;
  esac
}

# What the suite is told about a server that listens on 127.0.0.1: server, port, socket, process id.
write_exports() {
  {
    printf '%s=%s://portolan:%s@127.0.0.1:%s/%s\n' \
      "$(variable "$1" URL)" "$(scheme_of "$1")" "$TEST_PASSWORD" "$2" "$TEST_DATABASE"
    if [[ -n $3 ]]; then printf '%s=%s\n' "$(variable "$1" SOCKET)" "$3"; fi
    if [[ -n $4 ]]; then printf '%s=%s\n' "$(variable "$1" PID)" "$4"; fi
  } >"$RUN/$1/exports"
  # Kept when the server is gone, so that a shell which still has the URL does not pass for a server of its own.
  head -n 1 "$RUN/$1/exports" >>"$CACHE/urls"
}

# A path under a folder of our own that is short enough for a socket's name (107 bytes).
short_folder() {
  local folder
  folder=/tmp/portolan-$(printf '%s' "$CACHE" | cksum | cut -d ' ' -f 1)
  mkdir -p "$folder"
  chmod 755 "$folder" 2>/dev/null || true
  [[ -O $folder && ! -L $folder ]] || die "$folder belongs to somebody else"
  echo "$folder"
}

# Waits until a command succeeds, at most 60 s, while the second argument's process lives.
wait_until_ready() {
  local name=$1 pid=$2 tries=0
  shift 2
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [[ $tries -gt 600 ]] || ! kill -0 "$pid" 2>/dev/null; then
      return 1
    fi
    sleep 0.1
  done
  say "$name is up (process $pid)"
}
