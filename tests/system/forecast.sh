#!/usr/bin/env bash
# certinstallctl forecast, of described estates and of what is stored.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
out=$scratch/out
err=$scratch/err

forecast() {
	"$build/certinstallctl" forecast "$@" >"$out" 2>"$err"
	status=$?
}

# ---- a described estate ----

# The load to be ready for: a million certificates of 47 days, renewed at two thirds of their life,
# and the first New Year closure of nine days under 47 days. 1,000,000 * 3 / (47 * 2) are renewed a
# day: 287,234 on nine days (some 290,000), and with those of the last open day before 319,149.
forecast --certificates 1000000 --lifetime 47d --from 2030-12-01 --days 60 --rate webhg2=20/s
check "offline, without a configuration" "0 0" "$status $(wc -c <"$err")"
says "the peak and its reason" \
	'^2031-01-06 Mon +319,149 +319,149 +4\.4 +-  first business day after 9 closed days: 2030-12-28 to 2031-01-05$' "$out"
says "the peak in words" '^\* The peak: 319,149 installs on 2031-01-06 Mon,$' "$out"
says "some 290,000 of it are the closure's" \
	'^  287,234 of them for certificates that were issued on closed days$' "$out"
says "how long the day takes" '2031-01-06 Mon, takes 4\.4 hours for 319,149 installs$' "$out"
says "an ordinary day" '^2030-12-26 Thu +31,91[45] +31,91[45] +0\.4 +-$' "$out"
check "days with nothing are not shown" 0 "$(grep -c '^2031-01-0[1-5]' "$out")"
check "the chart fits 80 columns, and the peak's bar fills them" 80 \
	"$(sed -n '/^Installs a day/,/^$/p' "$out" | awk '{ if (length($0) > most) most = length($0) } END { print most }')"
says "the chart marks the peak" '^2031-01-06 Mon #+ 319,149 \*$' "$out"
check "a tenth of the peak has a tenth of its bar" 1 \
	"$(awk '/^2031-01-06 Mon #/ { peak = length($3) } /^2030-12-26 Thu #/ { plain = length($3) }
		END { print (plain * 10 >= peak - 5 && plain * 10 <= peak + 5) }' "$out")"
forecast --certificates 1000000 --lifetime 47d --from 2030-12-01 --days 60 --json
check "the same as JSON" \
	'"peak":{"date":"2031-01-06","weekday":"Monday","installs":319149,"issued_on_closed_days":287234,"reason":"first business day after 9 closed days: 2030-12-28 to 2031-01-05"}' \
	"$(grep -o '"peak":{[^}]*}' "$out")"
says "no rate known is null" '"installs_per_hour":null,"rate_from":null.*"hours":null' "$out"
forecast --certificates 1000000 --lifetime 47d --from 2030-12-01 --days 60 --all
says "all days, and why they are closed" \
	'^2031-01-01 Wed +0 +0 +- +-  Wednesday, a national holiday \(元日\) and a company closing day$' "$out"
says "and that no rate is known" 'no rate known, hours left out; give it by --rate webhg2=N/s$' "$out"

forecast --certificates 1000000 --lifetime 47d --from 2027-04-20 --days 30
says "the day after Golden Week" \
	'^  first business day after 5 closed days: 2027-05-01 to 2027-05-05;$' "$out"
forecast --certificates 1000000 --lifetime 47d --from 2030-12-01 --days 60 --rate webhg2=2/s
says "what does not fit" 'what falls due on 2031-01-06 Mon is not done before the next day' "$out"
# 172,800 a day: 146,349 are left on the 6th, 5,464 on the 7th; on the 8th there is room.
says "and for how long" 'up to 146,349 are left over for 2 days, and it is worked off on 2031-01-08 Wed$' "$out"
# A thousand an hour, of which one service gets three times what the other gets.
forecast --certificates 752000 --lifetime 47d --from 2030-12-02 --days 30 --service webhg2 --service docex=75% --json
check "shares" "1 3" \
	"$(grep -o '"service":"[a-z0-9]*","installs":[0-9]*' "$out" | sort | sed 's/.*://' |
		xargs | awk '{ print $2 / $2, $1 / $2 }')"
forecast --certificates 1000000 --from 2026-11-22 --days 1100
says "as long as a public certificate may live" '1,000,000 certificates of 200d,$' "$out"
check "three years" 0 "$status"
forecast --certificates 1000000 --lifetime 47d --from 2030-12-01 --days 60 --weekdays --json
check "nothing is issued on weekends" '"2030-12-09","weekday":"Monday" "issued_on_closed_days":0' \
	"$(grep -o '"2030-12-09","weekday":"Monday".\{,120\}' "$out" |
		grep -o '^"2030-12-09","weekday":"Monday"\|"issued_on_closed_days":[0-9]*' | xargs -d '\n')"

# ---- what is wrong ----

# wrong NAME PATTERN ARGUMENT…
wrong() {
	local name=$1 pattern=$2

	shift 2
	forecast "$@"
	check "$name: the exit status, and no output" "2 0" "$status $(wc -c <"$out")"
	says "$name" "$pattern" "$err"
}
wrong "no days" 'Give --days N' --certificates 10
wrong "too many days" '--days "3661"' --certificates 10 --days 3661
wrong "no date" '--from "tomorrow": write the day' --certificates 10 --days 3 --from tomorrow
wrong "years of which nothing is known" 'outside the years' --certificates 10 --days 3 --from 2099-12-30
wrong "a share of nothing" '--certificates N' --days 3 --service waf
wrong "shares that make no whole" 'the shares make 90%' --certificates 10 --days 3 --service waf=90%
wrong "nothing left" 'nothing is left' --certificates 10 --days 3 --service waf=100% --service docex
wrong "two without a share" 'waf and docex have no share' --certificates 10 --days 3 --service waf --service docex
wrong "a share twice" 'names waf twice' --certificates 10 --days 3 --service waf=50% --service waf=50%
wrong "no share" '--service "waf=half"' --certificates 10 --days 3 --service waf=half
wrong "an unknown service" 'no service "nosuch" is known; known are: .*webhg2' --certificates 10 --days 3 --service nosuch
wrong "a rate of an unknown service" '--rate: no service "nosuch"' --certificates 10 --days 3 --rate nosuch=1/s
wrong "no rate" '--rate "waf=5": write' --certificates 10 --days 3 --rate waf=5
wrong "a rate of nothing" '--rate "waf=0/s": write' --certificates 10 --days 3 --rate waf=0/s
wrong "no fraction" '--renew-at "3/2"' --certificates 10 --days 3 --renew-at 3/2
wrong "no life" '--lifetime "47": give' --certificates 10 --days 3 --lifetime 47
wrong "a word too many" '"more" is one word too many' --certificates 10 --days 3 more
wrong "no configuration" 'nowhere.conf' --days 3 --config "$scratch/nowhere.conf"
forecast --help
check "--help" "0 1" "$status $(grep -c -e '--renew-at A/B' "$out")"

# ---- what is stored ----

# shellcheck disable=SC2119
mock_start
write_config
forecast --config "$conf" --days 3
check "no store yet" 3 "$status"
says "and says so" 'no store yet' "$err"
# Due long ago and installed; certificates of 800 days from 2026-11-02 on.
due one whg1 --days 800
due two whg2 --days 800
run --run-once
check "two are installed" 0 "$status"
forecast --config "$conf" --from 2026-11-03 --days 20
check "all is done for now" "0 1" "$status $(grep -c '^nothing falls due$' "$out")"
says "what is stored is told" '0 installs to be made and 2 made, as stored' "$out"
# Renewed after 533 days and 8 hours for the 100 days that may be by then, and after 66 and 16 more.
forecast --config "$conf" --from 2026-11-03 --days 700
check "the renewals, each with a life of its time" "2028-04-19 Wed 2,2028-06-26 Mon 2,2028-08-31 Thu 2" \
	"$(sed -n '/^Day/,/^$/p' "$out" | awk '$1 ~ /^20/ { print $1, $2, $3 }' | paste -sd ,)"
says "the rate was measured" ' an hour, 8 at once that take [0-9]+ ms each \(median of 2 pushes\)$' "$out"
forecast --config "$conf" --from 2026-11-03 --days 730 --renew-at 90/100
says "renewed later" '^2028-10-23 Mon +2 ' "$out"
forecast --config "$conf" --from 2028-12-31 --days 40
says "days to come begin with today" '^40 days from 2028-12-31 Sun on: ' "$out"
site_lines='  requests-per-second = "0.5"' write_config
forecast --config "$conf" --from 2026-11-03 --days 700 --json
says "a limit below what was measured" '"installs_per_hour":1800,"rate_from":"limit"' "$out"
forecast --config "$conf" --from 2026-11-03 --days 700 --json --rate webhg2=3/s
says "--rate over both" '"installs_per_hour":10800,"rate_from":"option"' "$out"
# A third has nowhere to go yet: its install was due on 2026-11-04, after a holiday.
sites=no write_config
due three whg3 --days 800
run --run-once
forecast --config "$conf" --from 2026-11-03 --days 20
says "what is to be made" '1 installs? to be made and 2 made, as stored' "$out"
says "when it says" '^2026-11-04 Wed +1 +1 +<?[0-9.-]+ +-  jobs that wait in the queue already$' "$out"
forecast --config "$conf" --from 2026-11-06 --days 20
says "or at the start, when that is over" '^2026-11-06 Fri +1 +1 ' "$out"
# The contract of the second has ended.
due two whg2 --days 800 --revision 2 --state ended
run --run-once
forecast --config "$conf" --from 2026-11-03 --days 700
says "what has ended is renewed by nobody" '1 installs? to be made and 1 made, as stored' "$out"
system_end
