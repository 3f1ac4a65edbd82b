#!/bin/bash
# What stands in the environment neither makes certinstalld write secrets nor crash.
set -u
here=$(dirname "$0")
# shellcheck source=scripts/common.sh
. "$here/../../scripts/common.sh"
# shellcheck source=scripts/scratch.sh
. "$here/../../scripts/scratch.sh"
set +e
failures=0

# check NAME COMMAND…
check() {
	local name=$1

	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name"
		failures=$((failures + 1))
		cat "$scratch/out"
	fi
}

scratch_begin "${top_builddir:-.}"
trap scratch_end EXIT
mock_start
write_config
record one --contract ssl1 --common-name www.example.jp --key ec-p256 \
	--link webhg2:whg1:www.example.jp --at 2026-11-01T00:00:00+09:00 --days 8000

printf 'openssl_conf = a\n[a]\nproviders = b\n[b]\nnone = c\n[c]\nactivate = 1\n' >"$scratch/none.cnf"
OPENSSL_CONF=$scratch/none.cnf certinstalld --run-once >"$scratch/out" 2>&1
check "an OpenSSL without algorithms is told, not crashed over" test $? -eq 3
check "and what to do" grep -q 'OPENSSL_CONF' "$scratch/out"

SSLKEYLOGFILE=$scratch/keys https_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 \
	certinstalld --run-once --ignore-due >"$scratch/out" 2>&1
check "no proxy of the environment stands in the way" test $? -eq 0
check "no secrets of connections are written" test ! -e "$scratch/keys"

[ $failures -eq 0 ]
