#!/usr/bin/env bash
# Words in Japanese: no message without a translation, and the programs speak it where people read.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
out=$scratch/out

# The catalogue, not the locale's own: the C.UTF-8 of every Debian with LANGUAGE, so that nothing
# has to be installed.
export CERTINSTALL_LOCALEDIR=$build/src/words
# ctl LANGUAGE ARGUMENT…
ctl() {
	local language=$1

	shift
	LC_ALL=C.UTF-8 LANGUAGE=$language "$build/certinstallctl" "$@" >"$out" 2>&1
	status=$?
}
# english FILE: lines with three English words in a row, where there should be none.
english() {
	grep -E "(^| )[a-z]{2,} [a-z]{2,} [a-z]{2,}[ .,]" "$1"
}

holds "every message has its translation" "$top/scripts/words" --check

# ---- a record's judgement ----

accepted=$scratch/accepted.json
record accepted --contract ssl1 --common-name www.example.jp --item ov-ssl \
	--at 2026-12-24T18:30:00+09:00 --days 199 --link "idgw:idg1:www.example.jp" \
	--link "webhg2:whg1:other.example.jp"
mv "$spool/accepted.json" "$accepted"
ctl ja explain --now 2026-12-24T19:00:00+09:00 --trust "$estate/root.pem" "$accepted"
says "explain in Japanese: the rules" "契約 FQDN www.example.jp は契約のコモンネームです。" "$out"
says "the way to the day" "^ +2027-01-05 火 .*4営業日のうち4日目" "$out"
says "a refusal" "契約 FQDN other.example.jp は契約のコモンネーム www.example.jp と異なり" "$out"
check "nothing of it is English" "" "$(english "$out")"
ctl en explain --now 2026-12-24T19:00:00+09:00 --trust "$estate/root.pem" "$accepted"
says "in English without it" "The contract FQDN www.example.jp is the contract common name." "$out"
LC_ALL=C "$build/certinstallctl" explain --now 2026-12-24T19:00:00+09:00 --trust "$estate/root.pem" "$accepted" >"$scratch/c"
holds "and in the C locale" cmp "$out" "$scratch/c"

# ---- what programs read ----

ctl ja explain --now 2026-12-24T19:00:00+09:00 --trust "$estate/root.pem" --json "$estate/root.pem" "$accepted"
cp "$out" "$scratch/ja.json"
ctl en explain --now 2026-12-24T19:00:00+09:00 --trust "$estate/root.pem" --json "$estate/root.pem" "$accepted"
holds "--json is English whatever the language" cmp "$out" "$scratch/ja.json"

# ---- the checklist ----

ctl ja migration --now 2026-12-24T19:00:00+09:00 --trust "$estate/root.pem" --record "$accepted"
says "the checklist in Japanese" "旧契約から対象サービスを外す" "$out"
says "its days" "全手順の完了目安 +[0-9-]+ \(.曜日\)" "$out"
check "nothing of it is English" "" "$(english "$out")"

system_end
