#!/usr/bin/env bash
# certinstallctl backup beside a working daemon, restore, and what a restored older copy does: it
# never installs an older certificate than the service has.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/keys.sh
. "$(dirname "$0")/keys.sh"
system_begin
mock_start --async --gio-spread 300ms
keys_begin
mkdir "$scratch/services.d"
cp "$top"/conf/services.d/*.conf "$scratch/services.d/"
sed -i 's/^follow {/&\n\tinterval = "100ms"\n\tinterval-floor = "100ms"/' \
	"$scratch/services.d/gio-ca.conf"

# cloud-hosting has no edge here: what it has can be told by its fingerprint alone.
configure() {
	write_config 'retry-floor = "100ms"' 'retry-ceiling = "200ms"' 'give-up-after = "1h"'
	sed -i "s|^services-dir.*|services-dir = \"$scratch/services.d\"|
		s|^  verify-interval.*|  verify-interval = \"100ms\"|
		\|^  edge = \"$(mock_edge cloud-hosting)\"|d" "$conf"
}

ctl() {
	local verb=$1

	shift
	out=$scratch/out
	err=$scratch/err
	"$build/certinstallctl" "$verb" --config "$conf" "$@" >"$out" 2>"$err"
	status=$?
}

# state CODE: of its newest job, and what asking came to, a word each.
state() {
	query "select case j.state when 5 then 'retrying' when 6 then 'installed' when 7 then 'failed'
		when 9 then 'superseded' else j.state end || ' ' ||
		coalesce((select group_concat(outcome, ' ') from attempts as a where a.job_id = j.id
			and a.kind = 4), '') from jobs as j where service_code = '$1'
		order by j.id desc limit 1"
}

# key_of LINK: gio-ca takes RSA 2048 alone.
key_of() {
	case $1 in
	gio-ca:*) echo rsa-2048 ;;
	*) echo ec-p256 ;;
	esac
}

# renew NAME ARGUMENT…: the next certificate of the contract.
renew() {
	take "$1" --item ov-ssl --key "${key:-ec-p256}" --revision 2 --at 2026-11-10T10:00:00+09:00 "${@:2}"
}

fault='"fault":"status","status":503'
configure

# ---- the store as the copy has it ----

ctl backup "$scratch/none.db"
check "there is no store to copy yet" 3 "$status"
daemon_start
take d-old --item ov-ssl --key ec-p256 --link docex:d-old:d-old.example.jp
wait_for 120 grep -q 'ssl-d-old: .*installed on' "$log"
faults "\"service\":\"webhg2\",$fault" "\"service\":\"gio-ca\",$fault" \
	"\"service\":\"cloud-hosting\",$fault" "\"service\":\"docex\",$fault"
renew d-old --link docex:d-old:d-old.example.jp
for link in webhg2:w-new webhg2:w-same gio-ca:g-new cloud-hosting:h-unt docex:d-none; do
	take "${link#*:}" --item ov-ssl --key "$(key_of "$link")" --link "$link:${link#*:}.example.jp"
done
holds "six wait in the queue" wait_for 120 sh -c "[ \$(grep -o 'ssl-[a-z-]*: .*retrying on try 1' \
	'$log' | cut -d: -f1 | sort -u | wc -l) -eq 6 ]"

# Under load: another service has some dozen installs meanwhile.
"$build/tests/tools/make-estate" --out "$estate" records --count 60 --keys 4 --key ec-p256 --services waf \
	--at 2026-11-02T10:00:00+09:00 --days 8000 --file "$spool/.load" && mv "$spool/.load" "$spool/load.ndjson"
wait_for 120 grep -q 'waf .*installed on' "$log"
ctl backup "$scratch/copy.db"
check "a copy beside a working daemon" 0 "$status"
cp "$out" "$scratch/told"
ctl backup --json "$scratch/copy2.db"
check "and another, told as JSON" "0 true" \
	"$status $(grep -o '"configured":[a-z]*' "$out" | cut -d: -f2)"
check "sound, and of a size with what was told" "ok $(stat -c %s "$scratch/copy2.db")" \
	"$(sqlite3 "$scratch/copy2.db" 'pragma quick_check') $(grep -o '"bytes":[0-9]*' "$out" | cut -d: -f2)"
says "it says which sealing key it needs" \
	'private keys in it are sealed with sealing key [0-9a-f]{16}, which the configuration has' \
	"$scratch/told"
says "and that it is of no use without" 'without it the private keys in this file cannot be opened' \
	"$scratch/told"
check "it is nobody else's" 600 "$(stat -c %a "$scratch/copy.db")"
check "no private key is in it but sealed" 0 "$(grep -caF -f "$lines" "$scratch/copy.db")"
check "though there is something to look for" yes "$([ "$(wc -l <"$lines")" -gt 15 ] && echo yes)"
sum=$(sha256sum <"$scratch/copy.db")
ctl backup "$scratch/copy.db"
check "never over a file that is there" "1 $sum" "$status $(sha256sum <"$scratch/copy.db")"
ctl backup -
check "not to a pipe" 2 "$status"
ctl backup
check "not to nowhere" 2 "$status"
ctl backup "$scratch/copy.db/below.db"
says "where it cannot look, it does not say that something is there" \
	'below.db: cannot be looked at: Not a directory' "$err"
ctl backup "$scratch/nowhere/copy.db"
check "not into a folder that is not there" 1 "$status"
ctl restore "$scratch/copy.db"
check "not restored over a store in use" 1 "$status"
says "and it says so" 'store.db: a store is there.* nothing is ever overwritten' "$err"
check "nothing else was left beside them" "" "$(find "$scratch" -maxdepth 1 -name '.*.db*')"

# ---- what the old store does after it: all but docex goes on ----

faults "\"service\":\"docex\",$fault"
holds "the old store goes on" wait_for 120 sh -c "[ \$(grep -cE \
	'ssl-(w-new|w-same|g-new|h-unt): .*installed on' '$log') -eq 4 ]"
for link in webhg2:w-new gio-ca:g-new cloud-hosting:h-unt; do
	key=$(key_of "$link") renew "${link#*:}" --link "$link:${link#*:}.example.jp"
done
holds "and has the renewals installed" wait_for 120 sh -c "[ \$(grep -cE \
	'ssl-(w-new|g-new|h-unt): .*installed on' '$log') -eq 6 ]"
new_webhg2=$(served webhg2 w-new.example.jp)
new_gio=$(served gio-ca g-new.example.jp)
same=$(served webhg2 w-same.example.jp)
old_docex=$(served docex d-old.example.jp)
daemon_stop
sent=$(wc -l <"$scratch/ledger")

# ---- lost, and restored ----

mv "$scratch/store" "$scratch/lost"
mkdir -m 700 "$scratch/store"
ctl restore "$scratch/told"
check "what is no copy is refused" "1 " "$status $(ls -A "$scratch/store")"
says "by its name" 'told: not a store' "$err"
ctl restore "$scratch/lost/store.db-none"
check "what is not there, too" "1 " "$status $(ls -A "$scratch/store")"
touch "$scratch/store/store.db-wal"
ctl restore "$scratch/copy.db"
check "what is left of a store is in its way" "1 store.db-wal" "$status $(ls -A "$scratch/store")"
rm "$scratch/store/store.db-wal"
[ "$(id -u)" -ne 0 ] || chown nobody "$scratch/store"
head -c 32 /dev/urandom >"$estate/other.key"
chmod 600 "$estate/other.key"
# A credential of a unit that does not run.
sed -i 's|^sealing-key = .*|sealing-key = "credential:the-key"|' "$conf"
export CREDENTIALS_DIRECTORY=$scratch/no-credentials
ctl restore "$scratch/copy.db"
check "restored without its credential" 0 "$status"
says "it says what cannot be read" 'sealing keys cannot be read: .*the-key' "$out"
says "and how to compare them" "^  systemd-run --pipe --wait -p PrivateTmp=yes -p LoadCredentialEncrypted=the-key:/etc/credstore.encrypted/the-key certinstallctl backup --config /.*conf /tmp/" "$out"
unset CREDENTIALS_DIRECTORY
rm "$scratch/store"/*
sed -i 's|^sealing-key = .*|sealing-key = "estate/other.key"|' "$conf"
ctl restore "$scratch/copy.db"
check "restored" "0 store.db 600" \
	"$status $(ls -A "$scratch/store") $(stat -c %a "$scratch/store/store.db")"
check "it is the owner's of its folder, whoever restored it" "$(stat -c %u "$scratch/store")" \
	"$(stat -c %u "$scratch/store/store.db")"
says "it says that its sealing key is missing" 'which the configuration does NOT have' "$out"
says "and what to do" 'name the missing sealing keys in sealing-keys-old' "$out"
sed -i 's|^sealing-key = .*|sealing-key = "estate/sealing.key"|' "$conf"
open=$(query 'select count(*) from jobs where state in (1, 2, 3, 4, 5)')
check "what is open is guarded, and nobody's" "$open 0" \
	"$(query 'select sum(guarded), sum(lease_token is not null) from jobs' | tr '|' ' ')"
ctl show "$(query "select id from jobs where service_code = 'w-new'")"
says "as show tells" 'of before a restore: the service is asked' "$out"

# The first question to each is refused: it is asked again, and nothing is sent blindly.
faults "\"service\":\"*\",\"request\":\"query\",\"from\":1,\"to\":2,$fault"
daemon_start
holds "the daemon starts on it, and all comes to its end" wait_for 120 sh -c "[ \$(sqlite3 \
	'$scratch/store/store.db' 'select count(*) from jobs where state in (1,2,3,4,5)') -eq 0 ]"
check "a newer one stays where it is (webhg2)" "superseded newer" \
	"$(state w-new | sed 's/unknown //g; s/other //g')"
check "by handshake, too" "$new_webhg2" "$(served webhg2 w-new.example.jp)"
says "and the log says why" 'ssl-w-new: .*superseded .*the service has a newer certificate' "$log"
check "a newer one stays where it is (gio-ca)" "superseded newer" \
	"$(state g-new | sed 's/unknown //g; s/other //g')"
check "by handshake, too (gio-ca)" "$new_gio" "$(served gio-ca g-new.example.jp)"
check "the same is confirmed without a push" "installed same $same" \
	"$(state w-same | sed 's/unknown //g') $(served webhg2 w-same.example.jp)"
check "of another, that cannot be told, it is failed" "failed untold" \
	"$(state h-unt | sed 's/unknown //g')"
says "with what to do" 'ssl-h-unt: .*failed .*certinstallctl retry [0-9]+ installs this one' "$log"
check "none: it is installed" "installed none" "$(state d-none | sed 's/unknown //g')"
check "an older one is replaced" "installed older" "$(state d-old | sed 's/unknown //g')"
check "by handshake, too (docex)" changed \
	"$([ "$(served docex d-old.example.jp)" != "$old_docex" ] && echo changed)"
check "each who refused the question was asked again" yes \
	"$(state d-none state d-old | grep -q unknown && echo yes)"
check "to the four that must not be, nothing was sent" "" \
	"$(tail -n "+$((sent + 1))" "$scratch/ledger" | grep -oE '"code":"(w-new|g-new|w-same|h-unt)"')"

# A feed gives the records since the copy once more: a certificate between the copy's and the one
# that the service has comes before the latter.
take w-new --item ov-ssl --key ec-p256 --revision 2 --at 2026-11-05T10:00:00+09:00 \
	--link webhg2:w-new:w-new.example.jp
holds "what is delivered again is asked for, too" wait_for 15 sh -c "[ \$(grep -c \
	'ssl-w-new: .*superseded on .*has a newer certificate' '$log') -eq 2 ]"
check "and does not go over the newer one" "$new_webhg2" "$(served webhg2 w-new.example.jp)"

# The operator's word: the older one goes over it.
job=$(query "select id from jobs where service_code = 'h-unt'")
ctl retry "$job"
holds "retry installs it all the same" wait_for 120 grep -q 'ssl-h-unt: .*installed on' "$log"
check "with an effect" yes \
	"$(tail -n "+$((sent + 1))" "$scratch/ledger" | grep '"code":"h-unt"' | grep -q '"effect":true' && echo yes)"
daemon_stop
check "and the daemon ends well" 0 "$status"

system_end
