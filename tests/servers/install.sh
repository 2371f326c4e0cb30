#!/usr/bin/env bash
# Put the servers that tests start by hand on this machine, where that is possible: root on a Debian-like system.
# None of them is started as a service. Without root it says what to install, and the tests that miss it skip (under
# CI=true they fail).
set -euo pipefail

packages=(dovecot-imapd dovecot-lmtpd postfix postgresql neomutt libsisimai-perl systemd)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "For all tests, as root: apt-get install ${missing[*]}" >&2
    exit 0
fi

# invoke-rc.d asks this file whether a service may be started; 101 is "no". What was there before comes back.
policy=/usr/sbin/policy-rc.d
kept=""
if [ -e "$policy" ]; then
    kept=$(mktemp -p /usr/sbin policy-rc.d.XXXXXX)
    cp -p "$policy" "$kept"
fi
restore() {
    if [ -n "$kept" ]; then mv -f "$kept" "$policy"; else rm -f "$policy"; fi
}
trap restore EXIT
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

# No cluster of PostgreSQL is made: the tests make their own in a temporary directory.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
fi

export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold
     -qq -y --no-install-recommends)
install() { "${apt[@]}" install "${missing[@]}" >/dev/null; }
if ! install; then
    "${apt[@]}" update
    install
fi
