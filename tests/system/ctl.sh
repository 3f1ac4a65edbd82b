#!/usr/bin/env bash
# certinstallctl's verbs due, holidays and calendar; explain has a script of its own.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
out=$scratch/out
err=$scratch/err

# ctl ARGUMENT…: $status, $out, $err; standard input is the caller's.
ctl() {
	"$build/certinstallctl" "$@" >"$out" 2>"$err"
	status=$?
}

# ---- due ----

ctl due --service webhg2 2026-11-20T10:15:00+09:00 2026-09-18T10:00:00+09:00 2026-12-28T23:59:59+09:00
check "due, in the order given" \
	"0 2026-11-24T09:00:00+09:00 2026-09-24T09:00:00+09:00 2027-01-04T09:00:00+09:00" \
	"$status $(paste -sd ' ' "$out")"
ctl due --service idgw 2026-09-18T10:00:00+09:00 2026-12-28T15:00:00Z
check "several business days, and another time zone" \
	"2026-09-29T09:00:00+09:00 2027-01-07T09:00:00+09:00" "$(paste -sd ' ' "$out")"
printf '2026-11-20T10:15:00+09:00\n\n2026-09-18T10:00:00+09:00\r\n' | ctl due --service webhg2 -
check "instants on standard input" "2026-11-24T09:00:00+09:00 2026-09-24T09:00:00+09:00" \
	"$(paste -sd ' ' "$out")"
# A year of instants, one an hour, against the same days counted on a calendar that is typed out here.
awk -v out="$scratch" 'BEGIN {
	split("2026-04-29 2026-05-03 2026-05-04 2026-05-05 2026-05-06 2026-07-20 2026-08-11 " \
		"2026-09-21 2026-09-22 2026-09-23 2026-10-12 2026-11-03 2026-11-23 2026-12-29 " \
		"2026-12-30 2026-12-31 2027-01-01 2027-01-02 2027-01-03 2027-01-11 2027-02-11 " \
		"2027-02-23 2027-03-21 2027-03-22 2027-04-29", list, " ")
	for (i in list)
		free[list[i]] = 1
	split("31 28 31 30 31 30 31 31 30 31 30 31", length_of, " ")
	year = 2026; month = 4; day = 1; weekday = 3 # a Wednesday
	for (i = 0; i < 380; i++) {
		name[i] = sprintf("%d-%02d-%02d", year, month, day)
		closed[i] = weekday == 0 || weekday == 6 || (name[i] in free)
		weekday = (weekday + 1) % 7
		if (++day > length_of[month]) { day = 1; if (++month > 12) { month = 1; year++ } }
	}
	for (i = 0; i < 365; i++)
		for (hour = 0; hour < 24; hour++) {
			printf "%sT%02d:17:00+09:00\n", name[i], hour >(out "/year")
			for (n = 1; n <= 4; n += 3) {
				at = i
				for (counted = 0; counted < n; counted += !closed[at])
					at++
				printf "%sT09:00:00+09:00\n", name[at] >(out "/counted" n)
			}
		}
}'
ctl due --service webhg2 - <"$scratch/year"
holds "a year of instants, the first business day after" cmp -s "$out" "$scratch/counted1"
check "all of them" 8760 "$(wc -l <"$out")"
ctl due --service waf - <"$scratch/year"
holds "a year of instants, the fourth" cmp -s "$out" "$scratch/counted4"

awk 'BEGIN { for (i = 0; i < 20000; i++)
	printf "20%02d-%02d-%02dT%02d:00:00+09:00\n", 25 + i % 20, 1 + i % 12, 1 + i % 28, i % 24 }' \
	>"$scratch/instants"
ctl due --service webhg2 - <"$scratch/instants"
check "in bulk: one a line" "0 20000" "$status $(wc -l <"$out")"
check "each later than its instant" 0 \
	"$(paste "$scratch/instants" "$out" | awk 'substr($1, 1, 10) >= substr($2, 1, 10)' | wc -l)"
head -n 3 "$out" >"$scratch/head"
# shellcheck disable=SC2046
ctl due --service webhg2 $(head -n 3 "$scratch/instants")
holds "and the same as one by one" cmp -s "$out" "$scratch/head"
ctl due --json --service webhg2 2026-11-20T10:15:00+09:00
check "--json" '{"service":"webhg2","due":[{"instant":"2026-11-20T10:15:00+09:00","due":"2026-11-24T09:00:00+09:00"}]}' \
	"$(cat "$out")"
# A file that has no holiday on 2024-02-12 and one on the 13th, Shift_JIS as the Cabinet Office has it.
iconv -f UTF-8 -t SHIFT_JIS >"$scratch/holidays.csv" <<'CSV'
国民の祝日・休日月日,国民の祝日・休日名称
2024/1/1,元日
2024/2/13,試験の日
CSV
sed -i 's/$/\r/' "$scratch/holidays.csv"
ctl due --service webhg2 2024-02-09T10:00:00+09:00
check "by law" 2024-02-13T09:00:00+09:00 "$(cat "$out")"
ctl due --service webhg2 --holidays "$scratch/holidays.csv" 2024-02-09T10:00:00+09:00 2024-02-12T10:00:00+09:00
check "by the official file" "2024-02-12T09:00:00+09:00 2024-02-14T09:00:00+09:00" \
	"$(paste -sd ' ' "$out")"
ctl due --service nosuch 2026-11-20T10:15:00+09:00
check "an unknown service" "2 " "$status $(cat "$out")"
says "names those that are known" 'nosuch.*webhg2' "$err"
ctl due --service webhg2 2026-11-20
check "no instant" 2 "$status"
printf '2026-11-20T10:15:00+09:00\nyesterday\n' | ctl due --service webhg2 -
says "names the line" 'line 2: "yesterday"' "$err"
ctl due --service webhg2 --holidays "$scratch/nowhere.csv" 2026-11-20T10:15:00+09:00
check "a file that is not there" 2 "$status"
says "is named" 'nowhere.csv' "$err"

# ---- holidays ----

ctl holidays 2026 2026
check "the holidays of a year" "0 18" "$status $(wc -l <"$out")"
says "the sandwiched day" '^2026-09-22,休日$' "$out"
says "the substitute day" '^2026-05-06,休日$' "$out"
says "an equinox" '^2026-03-20,春分の日$' "$out"
ctl holidays 1948 2099
check "all years, in order" "0 sorted" "$status $(sort -c "$out" && echo sorted)"
check "the first and the last" "1948-09-23,秋分の日 2099-11-23,勤労感謝の日" \
	"$(sed -n '1p;$p' "$out" | paste -sd ' ')"
ctl holidays --holidays "$scratch/holidays.csv" 2024 2025
check "the file for its year, the law for the next" "2 19" \
	"$(grep -c '^2024' "$out") $(grep -c '^2025' "$out")"
ctl holidays --json 2026 2026
says "--json" '^\{"from":2026,"to":2026,"holidays":\[\{"date":"2026-01-01","name":"元日"\},' "$out"
ctl holidays 2027 2026
check "years the wrong way round" 2 "$status"
ctl holidays 1900 1901
check "years before the law" 2 "$status"

# ---- calendar ----

ctl calendar 2026-09
cat >"$scratch/wanted" <<'MONTH'
       September 2026
  Su  Mo  Tu  We  Th  Fr  Sa
           1   2   3   4  *5
  *6   7   8   9  10  11 *12
 *13  14  15  16  17  18 *19
 *20 *21 *22 *23  24  25 *26
 *27  28  29  30

2026-09-21  Monday, a national holiday (敬老の日)
2026-09-22  Tuesday, a national holiday (休日)
2026-09-23  Wednesday, a national holiday (秋分の日)

19 business days
MONTH
check "September 2026" "" "$(diff "$scratch/wanted" "$out")"
ctl calendar 2027-01
cat >"$scratch/wanted" <<'MONTH'
        January 2027
  Su  Mo  Tu  We  Th  Fr  Sa
                      *1  *2
  *3   4   5   6   7   8  *9
 *10 *11  12  13  14  15 *16
 *17  18  19  20  21  22 *23
 *24  25  26  27  28  29 *30
 *31

2027-01-01  Friday, a national holiday (元日) and a company closing day
2027-01-11  Monday, a national holiday (成人の日)

19 business days
MONTH
check "January 2027, with the company's days" "" "$(diff "$scratch/wanted" "$out")"
ctl calendar --json 2026-09
check "--json: its days" "30 19 3 8" "$(grep -o '"date":' "$out" | wc -l) \
$(grep -o '"business":true' "$out" | wc -l) $(grep -o '"kind":"holiday"' "$out" | wc -l) \
$(grep -o '"kind":"weekend"' "$out" | wc -l)"
says "--json: a day and why" \
	'"date":"2026-09-22","weekday":"Tuesday","business":false,"kind":"holiday","why":"Tuesday, a national holiday \(休日\)"' \
	"$out"
says "--json: the month" '^\{"month":"2026-09","business_days":19,' "$out"
printf 'services-dir = "%s/conf/services.d"\nsealing-key = "credential:certinstalld.sealing-key"\n' "$top" \
	>"$scratch/credential.conf"
env -u CREDENTIALS_DIRECTORY "$build/certinstallctl" calendar --config "$scratch/credential.conf" 2026-09 \
	>"$out" 2>"$err"
check "a configuration that names credentials is read by hand, too" "0 " "$? $(cat "$err")"
ctl calendar 2026-13
check "no month" 2 "$status"
"$build/certinstallctl" calendar 2026-09 >/dev/full 2>"$err"
check "a full disk is no success" 1 $?

system_end
