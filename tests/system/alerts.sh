#!/usr/bin/env bash
# The alert rules: they are rules, each fires and is quiet when it should be, and each tells who
# reads it what to do. promtool is in Debian's package prometheus.
# shellcheck source=tests/system/lib.sh
. "${srcdir:-.}/tests/system/lib.sh"

rules=$top/conf/alerts/certinstalld.rules.yml
tests=$top/conf/alerts/tests
dashboard=$top/conf/grafana/certinstalld.json

if ! command -v promtool >/dev/null; then
	echo "promtool is missing: install prometheus"
	exit 77
fi

holds 'the rules are in order' promtool check rules "$rules"
holds 'each fires, and is quiet, when it should' promtool test rules "$tests"/*.test.yml

for alert in $(sed -n 's/^ *- alert: //p' "$rules"); do
	body=$(awk -v name="$alert" '$2 == "alert:" { on = $3 == name } on' "$rules")
	wanting=
	for key in severity summary description runbook_url; do
		grep -q "^ *$key: ." <<<"$body" || wanting="$wanting $key"
	done
	grep -q "runbook_url: doc/runbook.md#${alert,,}\$" <<<"$body" || wanting="$wanting link"
	grep -q "name: $alert fires\$" "$tests"/*.test.yml || wanting="$wanting test"
	grep -q "name: $alert is quiet\$" "$tests"/*.test.yml || wanting="$wanting quiet-test"
	if [ -f "$top/doc/runbook.md" ]; then
		grep -qi "^#* *$alert\$" "$top/doc/runbook.md" || wanting="$wanting runbook"
	fi
	check "$alert has all that it needs" '' "$wanting"
done

# The test can fail: a rule that says the opposite is found.
broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
mkdir "$broken/tests"
cp "$tests"/certinstalld.test.yml "$broken/tests/"
sed 's/certinstalld_jobs_overdue > 0/certinstalld_jobs_overdue < 0/' "$rules" >"$broken/certinstalld.rules.yml"
promtool test rules "$broken/tests/certinstalld.test.yml" >/dev/null 2>&1
check 'a rule turned round is noticed' 1 $?

holds 'the dashboard is JSON' jq -e '.panels | length > 10' "$dashboard"
check 'each panel of it asks for something' 0 \
	"$(jq '[.panels[] | select(.type != "row" and (.targets | length) == 0)] | length' "$dashboard")"
check 'no two panels have one number' 0 "$(jq '[.panels[].id] | length - (unique | length)' "$dashboard")"

system_end
