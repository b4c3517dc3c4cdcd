# shellcheck shell=bash
# What the scripts beside this file share. Sourced under `set -euo pipefail`, never run.
shopt -s inherit_errexit

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Taken before serve_alone() clears the environment of names that phonekey would read.
CACHE=${PHONEKEY_CI_CACHE:-$HOME/.cache/phonekey-ci}
POSTGRES=${PHONEKEY_TEST_POSTGRES:-postgres://postgres@127.0.0.1:5432/test}
CONFORMANCE=${PHONEKEY_CONFORMANCE:-$TESTS/../../shared/conformance} # beside the checkout
READY_SECONDS=30
STOP_SECONDS=30

WORK=     # the server's folder, gone afterwards
SERVER=   # its process
DATABASE= # its PostgreSQL database, gone afterwards

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# python_environment NAME REQUIREMENTS...: the path of a virtual environment with these packages,
# made once for each content of the files.
python_environment() {
    local name=$1 python files=() digest home
    shift
    python=$(command -v python3.11 || command -v python3) || fail "there is no python3"
    digest=$({ "$python" --version && cat "$@"; } | sha256sum)
    home=$CACHE/$name-${digest:0:12}
    for file in "$@"; do files+=(--requirement "$file"); done
    mkdir -p "$CACHE"
    (
        flock 9
        [[ ! -e $home/complete ]] || exit 0
        rm -rf "$home"
        "$python" -m venv "$home"
        "$home/bin/pip" install --quiet --disable-pip-version-check "${files[@]}"
        touch "$home/complete"
    ) 9>"$CACHE/$name.lock" >&2
    printf '%s\n' "$home"
}

conformance_environment() {
    [[ -f $CONFORMANCE/requirements.txt ]] ||
        fail "there is no conformance suite in $CONFORMANCE: set PHONEKEY_CONFORMANCE to its folder"
    python_environment conformance "$CONFORMANCE/requirements.txt" \
        "$TESTS/conformance-requirements.txt"
}

interop_environment() {
    python_environment interop "$TESTS/interop/requirements.txt"
}

random_hex() {
    head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n'
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# http_status PORT PATH: the status of a GET, or failure when nothing answers.
http_status() (
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
    read -r -t 2 _ status _ <&3
    timeout 2 cat <&3 >/dev/null # or the server would see its answer cut off
    printf '%s\n' "$status"
) 2>/dev/null

postgres() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$POSTGRES" --command "$1"
}

# serve_alone: an empty folder, and no setting but those that follow. Undone when the script ends.
serve_alone() {
    local name
    for name in "${!PHONEKEY_@}"; do unset "$name"; done
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/phonekey-test.XXXXXX")
    trap clean_up EXIT
}

clean_up() {
    local status=$?
    if [[ -n $SERVER ]]; then
        kill -KILL "$SERVER" 2>/dev/null || true
        wait "$SERVER" 2>/dev/null || true
    fi
    if ((status != 0)) && [[ -s $WORK/server.log ]]; then
        printf '\n--- the last of the log of the server ---\n' >&2
        tail -n 200 "$WORK/server.log" >&2
    fi
    if [[ -n $DATABASE ]]; then
        postgres "drop database if exists $DATABASE with (force)" || true
    fi
    rm -rf "$WORK"
}

# wire_settings: the set-up of WIRE.md for clients of the compatible wire, on SQLite.
wire_settings() {
    export OUTBOX=$WORK/outbox.jsonl
    # As Django makes its SECRET_KEY: a prefix, and signs that a careless reader would interpret.
    JWT_SECRET="django-insecure-$(random_hex)=#%&(!)\$'@ +~"
    PHONEKEY_SECRET=$(random_hex)
    export JWT_SECRET PHONEKEY_SECRET
    export PHONEKEY_DATABASE__URL=sqlite:$WORK/phonekey.db
    export PHONEKEY_TOKENS__ALGORITHM=HS256
    export PHONEKEY_TOKENS__HS256_SECRET=$JWT_SECRET
    export PHONEKEY_DELIVERY__ROUTES__DEFAULT=file
    export PHONEKEY_DELIVERY__FILE__PATH=$OUTBOX
    export PHONEKEY_CHALLENGE__COOLDOWN=1s
    export PHONEKEY_CHALLENGE__LIVE_PER_NUMBER=5
    export PHONEKEY_LIMITS__NUMBER__SENDS=8/10m
    export PHONEKEY_LIMITS__NETWORK__ENABLED=false
    export PHONEKEY_SESSIONS__REFRESH_GRACE=0s
}

# on_postgres BINARY: a fresh database in place of the SQLite file.
on_postgres() {
    local name=phonekey_conformance_$$
    postgres "create database $name" || fail "PostgreSQL is needed at $POSTGRES"
    DATABASE=$name
    export PHONEKEY_DATABASE__URL=${POSTGRES%/*}/$name
    (cd "$WORK" && "$1" migrate)
}

# start_server BINARY: returns once it is ready, with BASE_URL set.
start_server() {
    local port deadline
    port=$(free_port)
    export PHONEKEY_HTTP__LISTEN=127.0.0.1:$port
    export BASE_URL=http://127.0.0.1:$port
    (cd "$WORK" && exec "$1" serve) >"$WORK/server.log" 2>&1 </dev/null &
    SERVER=$!
    deadline=$((SECONDS + READY_SECONDS))
    until [[ $(http_status "$port" /health/ready || true) == 200 ]]; do
        kill -0 "$SERVER" 2>/dev/null || fail "the server ended before it was ready"
        ((SECONDS < deadline)) || fail "the server was not ready within $READY_SECONDS s"
        sleep 0.05
    done
}

# stop_server: by SIGTERM, as a service manager does. It must have lived until then, leave in time
# with status 0, and never have panicked.
stop_server() {
    local deadline=$((SECONDS + STOP_SECONDS)) stopping=$SERVER status=0
    kill -TERM "$SERVER" 2>/dev/null || fail "the server ended by itself"
    while kill -0 "$SERVER" 2>/dev/null; do
        ((SECONDS < deadline)) || fail "the server still ran $STOP_SECONDS s after SIGTERM"
        sleep 0.05
    done
    SERVER=
    wait "$stopping" || status=$?
    ((status == 0)) || fail "the server left with status $status after SIGTERM"
    ! grep -q 'panicked at' "$WORK/server.log" || fail "the server panicked"
}
