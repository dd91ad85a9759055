#!/bin/sh
# Resolve the pins again: tools/lock.sh UV [--upgrade]
# Names no package index: the pins hold wherever the packages come from.
set -eu
cd "$(dirname "$0")/.."
uv=$1
shift

compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --overrides requirements/overrides.txt "$@"
}

compile --all-extras --group all packages/*/pyproject.toml \
    --no-emit-package aqueducts-core \
    --no-emit-package aqueducts-executor \
    --no-emit-package aqueducts-odbc \
    --no-emit-package aqueducts-delta \
    --no-emit-package aqueducts-cloud \
    --output-file requirements/constraints.txt "$@" >/dev/null
compile --group bootstrap --constraints requirements/constraints.txt \
    --output-file requirements/bootstrap.txt "$@" >/dev/null
