#!/bin/sh
# Make the environment that holds uv and tox: tools/bootstrap.sh DIRECTORY [PACKAGE-LIST ...]
# Needs Python 3.11 or newer; installs the missing system packages of the lists where it may.
set -eu
cd "$(dirname "$0")/.."
venv=$1
shift

say() { printf '%s\n' "$*" >&2; }

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    say "error: no Python 3.11 or newer found; set PYTHON=/path/to/python3"
    exit 1
}

has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }

is_installed() {
    case $1 in
        python3-venv) has_venv ;; # also true for a Python that the system did not package
        *) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    esac
}

missing_packages() {
    cat system-packages.txt ${lists:-} | sed -e 's/#.*//' -e '/^[[:space:]]*$/d' |
        while read -r package; do
            is_installed "$package" || echo "$package"
        done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || return 1
    say "installing system packages: $*"
    keep_services_stopped
    status=0
    { as_root apt-get update -qq >/dev/null &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >/dev/null; } || status=$?
    [ -z "$policy" ] || as_root rm -f "$policy"
    return "$status"
}

# The tests start their own servers: a database that is installed for them is not to run as well.
keep_services_stopped() {
    policy=
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

lists="$*"
python=$(find_python)
missing=$(missing_packages | tr '\n' ' ')
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086  # a list of words
    install_packages $missing || true
    missing=$(missing_packages | tr '\n' ' ')
fi
if ! has_venv; then
    # A Python beside the system's own has its venv package under its own version.
    install_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" || true
fi
if [ -n "$missing" ]; then
    say "warning: could not install these system packages: $missing"
    say "         as root: apt-get install $missing"
fi

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    if ! has_venv; then
        say "error: $python cannot make virtual environments without python3-venv"
        exit 1
    fi
    "$python" -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes -r requirements/bootstrap.txt
"$venv/bin/python" tools/provision.py --inexact --group tools
