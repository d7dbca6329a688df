#!/bin/sh
# Builds the pages' scripts from npm into dashboards/web/static/vendor.
# Without Node the pages still work: charts are then the plain SVG that the server draws.
set -eu

cd "$(dirname "$0")/../.."
[ -f package.json ] || exit 0
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    echo "web scripts: no Node here, so charts stay plain SVG; everything else works" >&2
    exit 0
fi
stamp=node_modules/.built
if [ -f "$stamp" ] && [ ! package-lock.json -nt "$stamp" ] \
    && [ ! dashboards/web/build.mjs -nt "$stamp" ]; then
    exit 0
fi
if npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
    && node dashboards/web/build.mjs; then
    touch "$stamp"
else
    echo "web scripts: not built (see above), so charts stay plain SVG" >&2
    # A release must not miss them silently; a person trying the demo may.
    [ "${CI:-}" != true ]
fi
