#!/bin/sh
# Checks what `make demo`, `make demo-scale` or `make test` need from the system; installs it
# with apt where that is allowed (root on Debian or Ubuntu) and prints the line to type where
# it is not.
#
# usage: prerequisites.sh demo|scale|test
# exit:  0 when everything indispensable (Python 3.11 with venv) is there, else 1
set -eu

PYTHON="${PYTHON:-python3}"
missing=""
needed=""

want() { # want PACKAGES WHY COMMAND...: note PACKAGES as missing unless COMMAND succeeds
    packages=$1 why=$2
    shift 2
    if ! "$@" >/dev/null 2>&1; then
        missing="$missing $packages"
        echo "prerequisites: not found: $packages ($why)" >&2
    fi
}

python_is_fit() {
    "$PYTHON" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
}

check() {
    missing=""
    want "python3 python3-venv" "Python 3.11 or newer with venv: indispensable" python_is_fit
    want "nodejs npm" "builds the charts' scripts; without it the pages show plain SVG" \
        sh -c 'command -v node && command -v npm'
    if [ "$1" = test ]; then
        want "chromium" "the browser tests; without it they are skipped" \
            sh -c 'command -v chromium || command -v chromium-browser'
    fi
    if [ "$1" != demo ]; then
        want "default-jre-headless" "runs real Kafka and Elasticsearch" command -v java
        want "maven" "fetches Kafka and Elasticsearch" command -v mvn
    fi
}

install_with_apt() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || return 1
    export DEBIAN_FRONTEND=noninteractive
    echo "prerequisites: installing$missing" >&2
    apt-get update -q >&2 || return 1
    # shellcheck disable=SC2086 # the list is meant to be split
    apt-get install -q -y --no-install-recommends $missing >&2
}

case "${1:-}" in
    demo | scale | test) ;;
    *) echo "usage: $0 demo|scale|test" >&2; exit 2 ;;
esac

check "$1"
if [ -n "$missing" ]; then
    if install_with_apt; then
        check "$1"
    else
        echo "prerequisites: to install it, type:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y$missing" >&2
    fi
fi
if ! python_is_fit >/dev/null 2>&1; then
    echo "prerequisites: $PYTHON is not Python 3.11 or newer with venv;" >&2
    echo "    install one, or name it: make PYTHON=python3.12 ..." >&2
    exit 1
fi
