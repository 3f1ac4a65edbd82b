#!/bin/bash
# certinstallctl as a whole: its verbs, and "explain" on real certificates.
set -u
build=${top_builddir:-.}
ctl=$build/certinstallctl
estate=$build/tests/tools/make-estate
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failures=0
count=0
now=2026-11-20T11:00:00+09:00

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

# record FILE OPTION...
record() {
	local file=$1
	shift
	"$estate" --out "$work" record --file "$file" --at 2026-11-20T10:15:00+09:00 \
		--days 90 "$@" || exit 99
}

# explain OPTION...: leaves $status, $work/out and $work/err
explain() {
	"$ctl" explain --now "$now" --trust "$work/root.pem" "$@" >"$work/out" 2>"$work/err"
	status=$?
}

# verdicts: of each link of the last --json, its verdict, reasons and warnings
verdicts() {
	grep -o '"verdict":"[a-z]*","reasons":\[[^]]*\],"warnings":\[[^]]*\]' "$work/out" |
		sed 's/"verdict":"\([a-z]*\)","reasons":\[\(.*\)\],"warnings":\[\(.*\)\]/\1(\2)(\3)/' |
		tr -d '"' | paste -sd ' '
}

"$estate" --out "$work" ca || exit 99

record good.json --contract ssl1 --revision 7 --item dv-ssl-wildcard \
	--common-name '*.example.jp' --link webhg2:whg1:www.example.jp
record mixed.json --contract ssl2 --item dv-ssl-wildcard --common-name '*.example.jp' \
	--link webhg2:whg1:mail.example.jp --link idgw:id1:sub1.sub2.example.jp \
	--link other::x --link waf:waf1:example.jp
record none.json --contract ssl3 --item dv-ssl --common-name www.example.jp \
	--link webhg2:whg3:www.example.jp --no-certificate

explain --json "$work/good.json"
check "accepted: exit status" 0 "$status"
check "accepted: nothing on standard error" "" "$(cat "$work/err")"
fingerprint=$(sed -n 's/.*"pem": *"\(-----BEGIN CERTIFICATE-----[^"]*\)".*/\1/p' "$work/good.json" |
	sed 's/\\n/\n/g; s/\\\//\//g' | openssl x509 -noout -fingerprint -sha256 |
	sed 's/.*=//; s/://g' | tr A-F a-f)
check "accepted: the whole object" '{"contract":"ssl1","revision":7,"certificate":{"fingerprint_sha256":"'"$fingerprint"'","not_before":"2026-11-20T09:15:00+09:00","not_after":"2027-02-18T09:14:59+09:00","key":"rsa-2048","names":["*.example.jp"]},"links":[{"service":"webhg2","service_code":"whg1","fqdn":"www.example.jp","verdict":"accept","reasons":[],"warnings":[],"due":"2026-11-24T09:00:00+09:00","days":[{"date":"2026-11-20","business":true,"why":"the day of issuance; counting begins after it"},{"date":"2026-11-21","business":false,"why":"Saturday"},{"date":"2026-11-22","business":false,"why":"Sunday"},{"date":"2026-11-23","business":false,"why":"Monday, a national holiday (勤労感謝の日)"},{"date":"2026-11-24","business":true,"why":"business day 1 of 1"}],"trail":[...]}]}' \
	"$(sed 's/"trail":\[[^]]*\]/"trail":[...]/' "$work/out")"
check "accepted: a line of the trail" 1 "$(grep -c '{"rule":"8 key","outcome":"pass","text":"The private key belongs to the certificate: a signature made with it verifies."}' "$work/out")"

explain "$work/good.json"
check "as text: exit status" 0 "$status"
check "as text: due" "  Due Tuesday, 2026-11-24T09:00:00+09:00" "$(grep ' Due ' "$work/out")"
check "as text: a day" \
	"    2026-11-23 Mon  closed  Monday, a national holiday (勤労感謝の日)" \
	"$(grep 2026-11-23 "$work/out")"

explain --json "$work/mixed.json"
check "mixed: exit status" 1 "$status"
check "mixed: verdicts" \
	"accept()() refuse(name-mismatch)() none()() refuse(name-mismatch)()" "$(verdicts)"
check "mixed: due alone where accepted" '"2026-11-24T09:00:00+09:00" null null null' \
	"$(grep -o '"due":[^,]*' "$work/out" | sed 's/"due"://' | paste -sd ' ')"
check "mixed: days alone where accepted" 3 "$(grep -o '"days":\[\]' "$work/out" | wc -l)"

explain --json "$work/none.json"
check "nothing issued: exit status" 0 "$status"
check "nothing issued: certificate" 1 "$(grep -c '"certificate":null' "$work/out")"
check "nothing issued: verdict" "none()()" "$(verdicts)"

sed 's/BEGIN CERTIFICATE/BEGIN CERTIFICAT/g' "$work/good.json" >"$work/malformed.json"
explain --json "$work/malformed.json"
check "malformed: exit status" 1 "$status"
check "malformed: certificate" 1 "$(grep -c '"certificate":null' "$work/out")"
check "malformed: verdict" "refuse(malformed)()" "$(verdicts)"

record chain.json --contract ssl4 --item dv-ssl --common-name www.example.jp \
	--link webhg2:whg4:www.example.jp --no-chain
explain --json "$work/chain.json"
check "agency without a chain" "refuse(chain-incomplete)()" "$(verdicts)"
explain --json --intermediates "$work/intermediate.pem" "$work/chain.json"
check "agency, completed from the pool" "accept()()" "$(verdicts)"
record brought.json --contract ssl5 --item bring-in --common-name www.example.jp \
	--san mail.example.jp --link webhg2:whg5:mail.example.jp --link idgw:id5:www.example.jp \
	--no-chain
explain --json "$work/brought.json"
check "brought in without a chain" \
	"accept()(chain-incomplete) refuse(service-not-for-bring-in)(chain-incomplete)" \
	"$(verdicts)"
record pkcs12.json --contract ssl6 --item bring-in --common-name www.example.jp \
	--link webhg2:whg6:www.example.jp --pkcs12
explain --json "$work/pkcs12.json"
check "PKCS#12" "accept()()" "$(verdicts)"
record wrong.json --contract ssl7 --item dv-ssl --common-name www.example.jp \
	--link gio-ca:gio7:www.example.jp --wrong-key
explain --json "$work/wrong.json"
check "another's key" "refuse(key-mismatch)()" "$(verdicts)"

# Lines: the good ones are judged, the worst status wins.
{
	tr -d '\n' <"$work/good.json"
	echo
	echo
	echo '{"contract":"ssl8"}'
	tr -d '\n' <"$work/mixed.json"
} >"$work/lines.ndjson"
explain --json "$work/lines.ndjson"
check "lines: exit status" 2 "$status"
check "lines: an object a good line" "ssl1 ssl2" \
	"$(sed 's/{"contract":"\([a-z0-9]*\)".*/\1/' "$work/out" | paste -sd ' ')"
check "lines: the bad one is named" \
	"certinstallctl explain: $work/lines.ndjson: line 3: revision is missing" \
	"$(cat "$work/err")"
explain --json - <"$work/lines.ndjson"
check "lines on standard input" "2 2" "$status $(wc -l <"$work/out")"
sed 's/{/{\n/; s/}/\n}\n/' "$work/good.json" >"$work/pretty.json"
explain --json - <"$work/pretty.json"
check "one record of several lines on standard input" "0 1" "$status $(wc -l <"$work/out")"
explain --json - <"$work/mixed.json"
check "one record on standard input" "1 1" "$status $(wc -l <"$work/out")"

printf '国民の祝日・休日月日,国民の祝日・休日名称\n2026/1/1,元日\n2026/11/24,臨時の祝日\n' >"$work/holidays.csv"
explain --json --holidays "$work/holidays.csv" "$work/good.json"
check "holidays from a file" '"due":"2026-11-23T09:00:00+09:00"' \
	"$(grep -o '"due":[^,]*' "$work/out")"

# Wrong usage and files that are not there.
explain "$work/absent.json"
check "no such file" 2 "$status"
explain --json "$work/root.pem"
check "no record" "2 0" "$status $(wc -l <"$work/out")"
explain
check "no operand" 2 "$status"
explain "$work/good.json" "$work/good.json"
check "two operands" 2 "$status"
explain --now yesterday "$work/good.json"
check "no instant" 2 "$status"
explain --trust "$work/absent.pem" "$work/good.json"
check "no trust file" 2 "$status"
explain --config "$work/absent.conf" "$work/good.json"
check "no configuration" 2 "$status"
explain --holidays "$work/good.json" "$work/good.json"
check "no holidays" 2 "$status"
"$ctl" explain --now "$now" --trust "$work/root.pem" "$work/mixed.json" >/dev/full 2>"$work/err"
check "output that does not arrive" 2 "$?"
check "output that does not arrive, said" 1 "$(grep -c "standard output: No space left" "$work/err")"

cat "$work"/out "$work"/err >"$work/all"
explain "$work/wrong.json"
check "no key is ever written" 0 "$(cat "$work/all" "$work/out" "$work/err" | grep -c 'PRIVATE KEY')"

"$ctl" --help >"$work/out"
check "--help" "0 explain due holidays calendar forecast status why jobs show retry cancel release pause resume import services migration rejected verify backup restore" \
	"$? $(sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' "$work/out" | paste -sd ' ')"
"$ctl" --version >"$work/out"
check "--version" "0 certinstallctl" "$? $(cut -d ' ' -f 1 "$work/out")"
"$ctl" >/dev/null 2>&1
check "no verb" 2 "$?"
"$ctl" explian >/dev/null 2>"$work/err"
check "an unknown verb" "2 certinstallctl: there is no verb \"explian\"" \
	"$? $(head -1 "$work/err")"
"$ctl" explain --help >"$work/out"
check "a verb's --help" "0 usage:" "$? $(head -1 "$work/out" | cut -d " " -f 1)"
check "due" "2026-11-24T09:00:00+09:00" "$("$ctl" due --service webhg2 2026-11-20T10:15:00+09:00)"

echo "1..$count"
[ "$failures" = 0 ]
