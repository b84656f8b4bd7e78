# Certificates for the servers and the suite. Sourced, never run.
# shellcheck shell=bash

# tls_authority NAME SUBJECT: a self-signed authority in NAME.pem and NAME.key.
tls_authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -sha256 \
    -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# tls_certificate NAME COMMON_NAME USAGE NAMES: signed by ca.pem.
tls_certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
    -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -sha256 -out "$1.pem" \
    -extfile <(printf '%s\n' "basicConstraints=CA:FALSE" "keyUsage=digitalSignature" \
      "extendedKeyUsage=$3" "subjectAltName=$4") 2>/dev/null
  rm "$1.csr"
}

# Made once and kept: a certificate that changed under a server of `--up` would look like an attack.
make_tls() {
  [[ -e $TLS/complete ]] && return
  command -v openssl >/dev/null || apt_install openssl
  rm -rf "$TLS"
  mkdir -p "$TLS"
  (
    cd "$TLS" || exit 1
    tls_authority ca "Portolan test authority"
    # Signs nothing here: a client that trusts only this one must refuse every server.
    tls_authority other-ca "Portolan unrelated authority"
    tls_certificate server localhost serverAuth DNS:localhost,IP:127.0.0.1,IP:::1
    # PostgreSQL's `cert` method reads the account's name from the common name.
    tls_certificate client certuser clientAuth DNS:certuser
    chmod 600 ./*.key
    touch complete
  )
}
