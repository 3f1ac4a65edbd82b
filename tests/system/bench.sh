#!/usr/bin/env bash
# scripts/bench in its small form: that it measures all it promises, and fails when it should.
set -u
here=$(cd "$(dirname "$0")/../.." && pwd)
build=${top_builddir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failures=0
count=0

# check NAME WANTED FOUND
check() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1: wanted '$2', found '$3'"
		failures=$((failures + 1))
	fi
}

command -v h2load >/dev/null || {
	echo "h2load (package nghttp2-client) is not installed"
	exit 77
}
"$here/scripts/bench" --quick --count 60 --connections 4 --keys 2 --build "$build" >"$work/out" 2>&1
check "exit status" 0 $?
rows="h2load webhg2
h2load docex
h2load cloud-hosting
h2load, the three in turn
intake
drain webhg2
drain docex
drain cloud-hosting
drain, the three in turn
drain, verified, webhg2
drain, verified, docex
drain, verified, cloud-hosting
whole
whole, verified"
check "each row has its rate" "$rows" \
	"$(awk 'seen && substr($0, 31, 10) + 0 > 0 { sub(/  .*/, ""); print } /highest/ { seen = 1 }' \
		"$work/out")"
[ "$failures" -eq 0 ] || cat "$work/out"

# A program that answers with success and installs nothing must not pass for a fast one.
mkdir -p "$work/false/tests"
ln -s "$(cd "$build" && pwd)/certinstall-mock" "$work/false/"
ln -s "$(cd "$build" && pwd)/tests/tools" "$work/false/tests/"
printf '#!/bin/sh\nexit 0\n' >"$work/false/certinstalld"
chmod +x "$work/false/certinstalld"
"$here/scripts/bench" --quick --count 6 --connections 1 --keys 1 --build "$work/false" >"$work/out" 2>&1
check "nothing taken in: exit status" 1 $?
check "nothing taken in: it says so" 1 "$(grep -c 'bench: intake: something was left' "$work/out")"

echo "1..$count"
[ "$failures" -eq 0 ]
