#!/usr/bin/env bash
# The conformance suite against a phonekey of its own, set up as WIRE.md says:
#     tests/conformance.sh sqlite|postgres BINARY [PYTEST-ARGUMENTS...]
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ${1-} =~ ^(sqlite|postgres)$ && -x ${2-} ]] ||
    fail "usage: tests/conformance.sh sqlite|postgres BINARY [PYTEST-ARGUMENTS...]"
store=$1
binary=$(realpath "$2")
shift 2

python=$(conformance_environment)
seed=${SEED:-$RANDOM}

serve_alone
wire_settings
case $store in
    sqlite) export STORE_SQLITE=$WORK/phonekey.db ;;
    postgres) on_postgres "$binary" ;;
esac
start_server "$binary"

export DEACTIVATE_CMD DELETE_CMD
printf -v DEACTIVATE_CMD '%q user deactivate {mobile}' "$binary"
printf -v DELETE_CMD '%q user delete {mobile} --yes' "$binary"
export MAX_WRONG_CODES=3 RUN_SLOW=${RUN_SLOW-1}
export PYTHONHASHSEED=$seed PYTHONDONTWRITEBYTECODE=1

printf 'conformance on %s, in the order of seed %s (again: SEED=%s)\n' "$store" "$seed" "$seed"
# Seeded once and not for each test: every test takes numbers that no test before it had.
"$python/bin/pytest" "$CONFORMANCE" --randomly-seed="$seed" --randomly-dont-reset-seed \
    --quiet -rs --durations=5 "$@"
stop_server
