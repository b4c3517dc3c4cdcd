#!/usr/bin/env bash
# The developer's pages in headless Chromium; each test file starts a phonekey of its own:
#     tests/browser.sh BINARY [TEST-FILES...]
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ -x ${1-} ]] || fail "usage: tests/browser.sh BINARY [TEST-FILES...]"
PHONEKEY_BINARY=$(realpath "$1")
export PHONEKEY_BINARY
shift
[[ -x /usr/bin/chromium ]] || fail "/usr/bin/chromium is needed: apt-get install chromium"

cd "$TESTS/browser"
(($# > 0)) || set -- *.test.mjs
npm ci --no-audit --no-fund --loglevel=error
node --test --test-reporter=spec --test-concurrency=1 "$@"
