#!/usr/bin/env bash
# A Django REST + SimpleJWT back end against a phonekey of its own:
#     tests/interop.sh BINARY [PYTEST-ARGUMENTS...]
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ -x ${1-} ]] || fail "usage: tests/interop.sh BINARY [PYTEST-ARGUMENTS...]"
binary=$(realpath "$1")
shift

python=$(interop_environment)

serve_alone
wire_settings
start_server "$binary"
PYTHONDONTWRITEBYTECODE=1 "$python/bin/pytest" "$TESTS/interop" --quiet "$@"
stop_server
