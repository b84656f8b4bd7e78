# Programs from Debian's packages: this release's by apt, newer servers from sid in a folder. Sourced, never run.
# shellcheck shell=bash

SID=$CACHE/sid
SID_PACKAGES=mysql-server-core,mysql-client-core,postgresql-18,postgresql-18-hypopg,postgresql-18-pgvector,tzdata

# Says what a machine lacks that cannot install the servers itself.
need_debian() {
  local lacking=
  command -v apt-get >/dev/null || lacking="apt-get (this is no Debian)"
  [[ $EUID -eq 0 ]] || lacking="${lacking:+$lacking and }root (to install packages and run servers as their own users)"
  [[ -z $lacking ]] && return
  local server
  say "cannot provide: $*"
  say "no Docker engine with Compose answers, and this machine lacks $lacking."
  say "Start Docker, or run as root on Debian 12, or give servers of your own, which are used as they are:"
  for server in "$@"; do
    say "  export $(variable "$server" URL)=$(scheme_of "$server")://user:password@host:port/database"
  done
  die "or narrow the run: PORTOLAN_TEST_ONLY=\"sqlite ...\""
}

APT_UPDATED=
# apt_install PACKAGE..: installs them without letting a service start or a cluster be made.
apt_install() {
  command -v apt-get >/dev/null || die "please install: $* (this machine has no apt-get)"
  [[ $EUID -eq 0 ]] || die "please install as root: apt-get install $*"
  say "installing $*"
  local policy=/usr/sbin/policy-rc.d no_cluster=/etc/postgresql-common/createcluster.d/portolan-tests.conf
  local log=$CACHE/apt.log made_policy='' failed=''
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    made_policy=yes
  fi
  mkdir -p "${no_cluster%/*}"
  echo "create_main_cluster = false" >"$no_cluster"
  if [[ -z $APT_UPDATED ]]; then
    apt-get -q update >"$log" 2>&1 9>&- || failed=yes
    APT_UPDATED=yes
  fi
  if [[ -z $failed ]]; then
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@" >>"$log" 2>&1 </dev/null 9>&- ||
      failed=yes
  fi
  rm -f "$no_cluster"
  [[ -z $made_policy ]] || rm -f "$policy"
  if [[ -n $failed ]]; then
    tail -n 20 "$log" >&2
    die "apt-get could not install $* (log: $log)"
  fi
}

# Everything these servers need from this release, in one go.
install_release_packages() {
  local server missing=()
  for server in "$@"; do
    case $server in
      postgres_15)
        [[ -x /usr/lib/postgresql/15/bin/initdb ]] || missing+=(postgresql-15)
        [[ -e /usr/share/postgresql/15/extension/hypopg.control ]] || missing+=(postgresql-15-hypopg)
        ;;
      mariadb_10_11)
        [[ -x /usr/sbin/mariadbd && -x /usr/bin/mariadb-install-db ]] || missing+=(mariadb-server-core)
        [[ -x /usr/bin/mariadb ]] || missing+=(mariadb-client-core)
        ;;
      *)
        command -v debootstrap >/dev/null || is_one_of debootstrap "${missing[@]}" ||
          missing+=(debootstrap wget gpgv debian-archive-keyring)
        ;;
    esac
  done
  [[ ${#missing[@]} -eq 0 ]] || apt_install "${missing[@]}"
  if is_one_of mariadb_10_11 "$@"; then
    [[ $(/usr/sbin/mariadbd --no-defaults --version) == *" 10.11."* ]] ||
      die "this release's MariaDB is not 10.11 (it comes with Debian 12): set $(variable mariadb_10_11 URL)"
    # The package with the service would have made it; the server alone does not.
    id mysql >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin mysql
  fi
}

# The mirror that this machine's apt already uses; its release's, not its security updates'.
debian_mirror() {
  # shellcheck disable=SC2016 # apt's own placeholders
  apt-get indextargets --format '$(REPO_URI) $(LABEL) $(COMPONENT) $(CODENAME)' 'Created-By: Packages' |
    awk '$2 == "Debian" && $3 == "main" && $4 !~ /-/ && $1 ~ /^https?:/ { print $1; exit }'
}

# Removes an unfinished root, which may still have the mounts of a killed debootstrap.
remove_root() {
  local mounted
  awk -v root="$1/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mounted; do
    umount "$mounted"
  done
  rm -rf --one-file-system "$1"
}

# MySQL 9 and PostgreSQL 18 are newer than this release, so they live in a root of their own.
build_sid() {
  [[ -e $SID/complete && $(<"$SID/complete") == "$SID_PACKAGES" ]] && return
  local mirror proxy='' leftover new=$CACHE/sid.new log=$CACHE/sid.log
  for leftover in "$new" "$SID"; do
    [[ ! -e $leftover ]] || remove_root "$leftover"
  done
  mirror=$(debian_mirror)
  if [[ -z $mirror ]]; then
    # Without package lists apt knows no mirror yet.
    apt-get -q update >"$CACHE/apt.log" 2>&1
    mirror=$(debian_mirror)
  fi
  [[ -n $mirror ]] || die "apt has no Debian mirror reached by http(s), so MySQL 9 and PostgreSQL 18 cannot be had"
  # debootstrap does not read apt's settings.
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  say "building the root with MySQL 9 and PostgreSQL 18 from Debian sid (about a minute, once)"
  if ! ${proxy:+env "http_proxy=$proxy"} debootstrap --variant=minbase --include="$SID_PACKAGES" \
    sid "$new" "$mirror" >"$log" 2>&1 </dev/null 9>&-; then
    tail -n 20 "$log" "$new/debootstrap/debootstrap.log" >&2 || true
    die "debootstrap failed (log: $log)"
  fi
  chroot "$new" /usr/sbin/useradd --system --no-create-home mysql
  # The packages' own cluster and the archives are never used.
  rm -rf "$new"/var/lib/postgresql/* "$new"/var/cache/apt/archives/*.deb "$new"/var/lib/apt/lists/* \
    "$new"/usr/share/doc
  [[ $(chroot "$new" /usr/sbin/mysqld --no-defaults --version) == *" 9."* ]] ||
    die "Debian sid no longer has MySQL 9: set $(variable mysql_9 URL)"
  echo "$SID_PACKAGES" >"$new/complete"
  mv "$new" "$SID"
}

# sid_program NAME PROGRAM: a program of that root that sees this machine's files, so no chroot.
sid_program() {
  local loader libraries
  loader=$(compgen -G "$SID/usr/lib/*-linux-gnu*/ld-linux-*.so.*")
  libraries=${loader%/*}
  mkdir -p "$CACHE/bin"
  cat >"$CACHE/bin/$1" <<WRAPPER
#!/bin/sh
exec '$loader' --library-path '$libraries' '$SID/$2' "\$@"
WRAPPER
  chmod 755 "$CACHE/bin/$1"
}
