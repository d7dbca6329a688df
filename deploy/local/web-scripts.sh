#!/bin/sh
# Builds the pages' scripts from npm into dashboards/web/static/vendor. With "dev" also
# what only tests need. Without Node the pages still work: charts are then the plain SVG
# that the server draws.
set -eu

kind=${1:-run}
omit=--omit=dev
[ "$kind" != dev ] || omit=
cd "$(dirname "$0")/../.."
[ -f package.json ] || exit 0
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    echo "web scripts: no Node here, so charts stay plain SVG; everything else works" >&2
    exit 0
fi
for stamp in node_modules/.built-dev "node_modules/.built-$kind"; do
    if [ -f "$stamp" ] && [ ! package-lock.json -nt "$stamp" ] \
        && [ ! dashboards/web/build.mjs -nt "$stamp" ]; then
        exit 0
    fi
done
# shellcheck disable=SC2086 # one word or none
if npm ci $omit --ignore-scripts --no-audit --no-fund --loglevel=error \
    && node dashboards/web/build.mjs; then
    touch "node_modules/.built-$kind"
else
    echo "web scripts: not built (see above), so charts stay plain SVG" >&2
    # A release must not miss them silently; a person trying the demo may.
    [ "${CI:-}" != true ]
fi
