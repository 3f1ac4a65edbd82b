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

# bench ARGUMENT…: its status is in $status, what it printed in $work/out.
bench() {
	"$here/scripts/bench" --quick "$@" >"$work/out" 2>&1
	status=$?
	if grep -q 'nginx is not to be had' "$work/out"; then
		cat "$work/out"
		exit 77
	fi
}

command -v h2load >/dev/null || {
	echo "h2load (package nghttp2-client) is not installed"
	exit 77
}

bench --count 60 --connections 4 --keys 2 --build "$build"
check "exit status" 0 "$status"
[ "$status" -eq 0 ] || cat "$work/out"
rows=$("$here/scripts/bench" --quick --list | cut -d '|' -f 2)
# One processor has no two threads to compare.
[ "$(nproc)" -gt 1 ] || rows=$(grep -v 'two threads' <<<"$rows")
check "each row has its figure" "$rows" \
	"$(sed -n '/^what /,$s/^\([^ ].*[^ ]\)  *[0-9][0-9.]*\( MB\| ms\)\{0,1\} ([0-9].*/\1/p' "$work/out")"
check "what is not there is said to be so, or measured" 1 \
	"$(grep -Ec '^intake with two threads / one +(not there|one processor|[0-9.]+ \()' "$work/out")"

bench --only lateness,claim --build "$build"
check "two rows alone: exit status" 0 "$status"
check "two rows alone" "due instant claiming" \
	"$(sed -n '/^what /,$p' "$work/out" | grep -Eo '^(due instant|claiming)' | paste -s -d ' ')"
bench --only nothing --build "$build"
check "no such row: exit status" 2 "$status"

for arguments in "--count" "--count 0" "--rounds many" "--keys -1" "--connections 1000000000" \
	"--build $work" "--only" "--profile"; do
	# shellcheck disable=SC2086
	bench --only claim $arguments
	check "$arguments: exit status" 2 "$status"
	check "$arguments: it says so" 1 "$(grep -c -e "^bench: ${arguments%% *}" "$work/out")"
done

bench --mock --count 60 --connections 4 --keys 2 --build "$build"
check "beside the mock: exit status" 0 "$status"
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
ln -s "$(cd "$build" && pwd)/tests/tools" "$(cd "$build" && pwd)/tests/bench" "$work/false/tests/"
printf '#!/bin/sh\nexit 0\n' >"$work/false/certinstalld"
chmod +x "$work/false/certinstalld"
for row in drain intake; do
	bench --only $row --count 6 --connections 1 --keys 1 --build "$work/false"
	check "$row, nothing taken in: exit status" 1 "$status"
	check "$row, nothing taken in: it says so" 1 \
		"$(grep -c 'bench: intake: something was left' "$work/out")"
done
bench --mock --count 6 --connections 1 --keys 1 --build "$work/false"
check "beside the mock, nothing taken in: exit status" 1 "$status"
check "beside the mock, nothing taken in: it says so" 1 \
	"$(grep -c 'bench: intake: something was left' "$work/out")"

# Nor one that stores that all is installed and sends nothing.
cat >"$work/false/certinstalld" <<END
#!/bin/sh
case "\$*" in
*--ignore-due*) exec sqlite3 "\$(sed -n 's/^store = "\(.*\)"/\1/p' "\$2")" "UPDATE jobs SET state = 6" ;;
*) exec "$(cd "$build" && pwd)/certinstalld" "\$@" ;;
esac
END
bench --only drain --count 6 --connections 1 --keys 1 --build "$work/false"
check "nothing sent: exit status" 1 "$status"
check "nothing sent: it says so" 1 \
	"$(grep -c 'bench: drain: 0 of 6 bodies are at the sink' "$work/out")"

# Nor one whose pushes were refused first, and sent again.
cat >"$work/false/certinstalld" <<END
#!/bin/sh
"$(cd "$build" && pwd)/certinstalld" "\$@" || exit
case "\$*" in
*--ignore-due*) sqlite3 "\$(sed -n 's/^store = "\(.*\)"/\1/p' "\$2")" \
	"UPDATE attempts SET status = 500 WHERE kind = 1 AND job_id = (SELECT max(id) FROM jobs)" ;;
esac
END
bench --only drain --count 6 --connections 1 --keys 1 --build "$work/false"
check "one refused: exit status" 1 "$status"
check "one refused: it says so" 1 \
	"$(grep -c 'bench: drain: 1 pushes were not answered with 2xx' "$work/out")"

echo "1..$count"
[ "$failures" -eq 0 ]
