# MCP clients that we did not write, a browser, what checks the files of deploy/, and what they run on: Node and Python. Sourced,
# never run.
# shellcheck shell=bash

CLIENTS=$CACHE/clients
# For the status page. Debian's, as no package of npm brings a browser without fetching it from somewhere else.
CHROMIUM=/usr/bin/chromium

# install_once STAMP_NAME FUNCTION FILE..: runs the function unless it ran for these files before.
install_once() {
  local stamp=$CLIENTS/$1.stamp function=$2 key
  shift 2
  key=$(cat "$@" | cksum)
  [[ -e $stamp && $(<"$stamp") == "$key" ]] && return
  mkdir -p "$CLIENTS"
  rm -f "$stamp"
  "$function"
  echo "$key" >"$stamp"
}

install_npm_clients() {
  say "installing the MCP clients from npm"
  cp "$REPO"/tests/clients/package{,-lock}.json "$CLIENTS"
  # No scripts of the packages: nothing that we use needs one, and some would download.
  (cd "$CLIENTS" && npm ci --ignore-scripts --no-audit --no-fund) >"$CLIENTS/npm.log" 2>&1 </dev/null || {
    tail -n 20 "$CLIENTS/npm.log" >&2
    die "npm could not install the MCP clients (log: $CLIENTS/npm.log)"
  }
}

# install_from_pypi ENVIRONMENT REQUIREMENTS
install_from_pypi() {
  rm -rf "${CLIENTS:?}/$1"
  {
    python3 -m venv "$CLIENTS/$1" &&
      "$CLIENTS/$1/bin/python" -m pip install --quiet --requirement "$2"
  } >"$CLIENTS/pip.log" 2>&1 </dev/null || {
    tail -n 20 "$CLIENTS/pip.log" >&2
    die "pip could not install $2 (log: $CLIENTS/pip.log)"
  }
}

install_python_clients() {
  say "installing the MCP client from PyPI"
  install_from_pypi venv "$REPO/tests/clients/requirements.txt"
}

install_validators() {
  say "installing what checks deploy/ from PyPI"
  install_from_pypi validators "$REPO/tests/deployment/requirements.txt"
}

# Whatever the clients need of this machine; apart, because only one apt-get runs at a time.
install_client_tools() {
  local missing=()
  command -v npm >/dev/null || missing+=(npm)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
  [[ -x $CHROMIUM ]] || missing+=(chromium)
  [[ ${#missing[@]} -eq 0 ]] || apt_install "${missing[@]}"
}

install_clients() {
  install_once npm install_npm_clients "$REPO"/tests/clients/package{,-lock}.json
  install_once python install_python_clients "$REPO/tests/clients/requirements.txt" <(python3 --version)
  install_once validators install_validators "$REPO/tests/deployment/requirements.txt" <(python3 --version)
}

# Prints K=V lines.
client_exports() {
  local node
  # The inspector wants a newer Node than Debian has, so it is one of the npm packages where there is one.
  node=$(compgen -G "$CLIENTS/node_modules/node-linux-*/bin/node" || command -v node)
  echo "PORTOLAN_TEST_NODE=$node"
  echo "PORTOLAN_TEST_NODE_MODULES=$CLIENTS/node_modules"
  echo "PORTOLAN_TEST_CHROMIUM=$CHROMIUM"
  echo "PORTOLAN_TEST_PYTHON=$CLIENTS/venv/bin/python"
  echo "PORTOLAN_TEST_VALIDATORS=$CLIENTS/validators/bin"
}
