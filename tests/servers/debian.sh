# Servers from Debian's packages: where they live, how they start, stop and are recognised. Sourced, never run.
# shellcheck shell=bash

# Sets, for server $1: root (its file system), inside and home (its folder seen from within and from
# here), sockets (the folder of its socket, by a short name) and enter (the command that gets there).
# shellcheck disable=SC2034 # read by postgres.sh and mysql.sh
place() {
  local user=postgres
  [[ $1 == postgres_* ]] || user=mysql
  # A clean environment: nothing of the developer's (PGHOST, TZ, ..) reaches a server.
  enter=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC)
  case $1 in
    postgres_18 | mysql_9)
      root=$SID
      inside=/srv/portolan/$1
      home=$SID$inside
      ids=$(awk -F: -v user="$user" '$1 == user { print $3 ":" $4 }' "$SID/etc/passwd")
      enter+=(chroot "--userspec=$ids" "$root")
      ;;
    *)
      root=/
      home=$(host_state)/$1
      inside=$home
      ids=$(id -u $user):$(id -g $user)
      enter+=(setpriv "--reuid=$user" "--regid=$user" --clear-groups --)
      ;;
  esac
  sockets=$home
  if [[ ${#home} -gt 80 ]]; then
    sockets=$(short_folder)/$1
    [[ -e $sockets ]] || ln -sfn "$home" "$sockets"
  fi
}

# Where the servers of this release keep their data: in the cache if their users can get there and a
# socket's name fits, else under /tmp (a clone below /root is closed to them).
host_state() {
  local state=$CACHE/data
  mkdir -p "$state"
  chmod 755 "$state"
  if [[ ${#state} -gt 75 ]] || ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$state"; then
    state=$(short_folder)
  fi
  echo "$state"
}

# A pid file alone may name a stranger by now: the command line and the file system must be ours too.
debian_is_running() {
  local folder=$RUN/$1 pid
  [[ -s $folder/pid && -s $folder/marker && -s $folder/root ]] || return 1
  pid=$(<"$folder/pid")
  # A killed server that nobody has waited for has an empty command line.
  [[ -r /proc/$pid/cmdline && $(readlink "/proc/$pid/root") == "$(<"$folder/root")" ]] || return 1
  tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$(<"$folder/marker")"
}

# spawn SERVER COMMAND..: in a session of its own, so that Ctrl-C reaches only us and we stop it in order.
spawn() {
  local server=$1 folder=$RUN/$1
  shift
  rm -f "$folder/pid"
  (
    cd /
    echo "$BASHPID" >"$folder/pid"
    # 3 and 9 are our caller's output and our lock: a server must hold neither.
    exec setsid "${enter[@]}" "$@" </dev/null >>"$folder/log" 2>&1 3>&- 9>&-
  ) &
  # Only now is the pid file sure to be there.
  until [[ -s $folder/pid ]]; do sleep 0.01; done
  say "starting $server"
}

# Data made once per version of the server and of these scripts, then copied: quicker than making it.
fresh_data() {
  local server=$1 version key
  local binary=/usr/sbin/mysqld
  [[ $server == postgres_* ]] && binary=$(postgres_bin "$server")/postgres
  [[ $server == mariadb_* ]] && binary=/usr/sbin/mariadbd
  version=$("${enter[@]}" "$binary" --version)
  key=$(cat "$REPO"/tests/servers/{common,accounts,postgres,mysql}.sh <(echo "$version") | cksum)
  mkdir -p "$home"
  rm -rf "$home/data"
  if [[ ! -e $home/template.key || $(<"$home/template.key") != "$key" ]]; then
    rm -rf "$home/template" "$home/template.key"
    chown "$ids" "$home"
    say "making the data of $server"
    if ! "${server%%_*}_template" "$server" >"$RUN/$server/log" 2>&1; then
      tail -n 20 "$RUN/$server/log" >&2
      die "could not make the data of $server (log: $RUN/$server/log)"
    fi
    rm -f "$home/accounts.sql"
    echo "$key" >"$home/template.key"
  fi
  cp -a --reflink=auto "$home/template" "$home/data"
  install -d -o "${ids%:*}" -g "${ids#*:}" "$home/tls"
  install -o "${ids%:*}" -g "${ids#*:}" -m 600 "$TLS"/{ca.pem,server.pem,server.key} "$home/tls"
}

# start_data SERVER: runs the server on the data it has.
start_data() {
  local server=$1 folder=$RUN/$1 port pid
  place "$server"
  port=$(<"$folder/port")
  realpath "$root" >"$folder/root"
  "${server%%_*}_start" "$server" "$port"
  pid=$(<"$folder/pid")
  if ! wait_until_ready "$server" "$pid" "${server%%_*}_answers" "$server"; then
    tail -n 20 "$folder/log" >&2
    die "$server did not start (log: $folder/log)"
  fi
  write_exports "$server" "$port" "$("${server%%_*}_socket" "$server")" "$pid"
}

# debian_start SERVER PORT: fresh data, then the server.
debian_start() {
  mkdir -p "$RUN/$1"
  echo "$2" >"$RUN/$1/port"
  place "$1"
  fresh_data "$1"
  start_data "$1"
}

# The processes of server $1 that still have its files open. All these servers work in their data folder, so
# this also finds the children of a PostgreSQL that was killed, and a process that is half gone.
processes_of() {
  # Some process always ends while find looks, and find calls that a failure.
  { find /proc/[0-9]*/cwd -maxdepth 0 -uid "${ids%:*}" -printf '%l\t%h\n' 2>/dev/null || true; } |
    awk -F '\t' -v folder="$home/data" '$1 == folder { sub("/proc/", "", $2); print $2 }'
}

# Ends the server at once: its data is thrown away. SIGQUIT is PostgreSQL's own word for that.
kill_server() {
  local signal=KILL tries=0 left
  place "$1"
  [[ $1 == postgres_* ]] && signal=QUIT
  if debian_is_running "$1"; then
    kill "-$signal" "$(<"$RUN/$1/pid")" 2>/dev/null || true
    # A stopped (SIGSTOP) process gets the signal only when it goes on.
    kill -CONT "$(<"$RUN/$1/pid")" 2>/dev/null || true
  fi
  while left=$(processes_of "$1") && [[ -n $left ]]; do
    tries=$((tries + 1))
    # shellcheck disable=SC2086 # a list of numbers
    [[ $tries -lt 50 ]] || kill -KILL $left 2>/dev/null || true
    [[ $tries -lt 200 ]] || die "these processes of $1 do not end: $left"
    sleep 0.05
  done
}

debian_stop() {
  kill_server "$1"
  rm -rf "$home/data" "$home/tls" "$home"/*.sock* "$home"/.s.PGSQL.*
  if [[ $sockets != "$home" ]]; then
    rm -f "$sockets"
    rmdir --ignore-fail-on-non-empty "${sockets%/*}"
  fi
}
