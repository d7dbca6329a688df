#!/bin/sh
# Builds from npm the pages' scripts (dashboards/web/static/vendor) and the table of languages
# (detect/language/grams.bin). With "dev" also what only tests need. Without Node all else
# works: charts are then the plain SVG that the server draws, and languages of one script
# are told apart only by what platforms say.
set -eu

kind=${1:-run}
omit=--omit=dev
[ "$kind" != dev ] || omit=
cd "$(dirname "$0")/../.."
[ -f package.json ] || exit 0
if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    echo "web scripts: no Node here, so charts stay plain SVG and languages are told by script; everything else works" >&2
    exit 0
fi
for stamp in node_modules/.built-dev "node_modules/.built-$kind"; do
    if [ -f "$stamp" ] && [ ! package-lock.json -nt "$stamp" ] \
        && [ ! dashboards/web/build.mjs -nt "$stamp" ] \
        && [ -f detect/language/grams.bin ] && [ ! detect/language/table.mjs -nt "$stamp" ]; then
        exit 0
    fi
done
# shellcheck disable=SC2086 # one word or none
if npm ci $omit --ignore-scripts --no-audit --no-fund --loglevel=error \
    && node dashboards/web/build.mjs && node detect/language/table.mjs; then
    touch "node_modules/.built-$kind"
else
    echo "web scripts: not built (see above), so charts stay plain SVG and languages are told by script" >&2
    # A release must not miss them silently; a person trying the demo may.
    [ "${CI:-}" != true ]
fi
