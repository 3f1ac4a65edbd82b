# shellcheck shell=bash disable=SC2086,SC2154
# certinstalld-run-once@.service: a backfill beside the daemon, under the same hardening.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh

# instance NAME: for a file in /srv.
instance() {
	echo "certinstalld-run-once@$(systemd-escape --path "/srv/$1").service"
}

# record_of NAME: into the backfill file that is being made.
record_of() {
	$build/tests/tools/make-estate --out $estate record --file "$lab/$1.json" --contract "ssl-$1" \
		--item dv-ssl --common-name "$1.example.jp" --key ec-p256 \
		--at 2026-11-02T10:00:00+09:00 --days 8000 --link "webhg2:$1:$1.example.jp"
	cat "$lab/$1.json"
	echo
}

mkdir -p /srv
{ record_of fill1 && record_of fill2; } >/srv/back-fill.ndjson
chown certinstalld /srv/back-fill.ndjson
chmod 400 /srv/back-fill.ndjson
pid=$(main_pid)
before=$(stat -c %i /run/certinstalld/admin.sock)
backfill=$(instance back-fill.ndjson)
systemctl start "$backfill"
check "it ends well" "0 success" \
	"$(property "$backfill" ExecMainStatus) $(property "$backfill" Result)"
check "all of it is installed" "yes yes" \
	"$(installed fill1 && echo yes) $(installed fill2 && echo yes)"
check "and served" "yes yes" "$(edge_serves fill1 && echo yes) $(edge_serves fill2 && echo yes)"
journalctl --sync
check "the journal has its summary" 1 \
	"$(journalctl -q --no-pager -o cat -u "$backfill" | grep -cE '^total +2 installed')"
check "each effect once" "1 1" "$(effects fill1) $(effects fill2)"
check "the daemon goes on, and its socket is where it was" "$pid $before" \
	"$(main_pid) $(stat -c %i /run/certinstalld/admin.sock)"
check "the file stays" yes "$([ -e /srv/back-fill.ndjson ] && echo yes)"

# Options, and what is told of what is left.
echo 'OPTIONS=--ignore-due --wait 2s' >/etc/default/certinstalld-run-once
{ record_of fill3 | sed 's/2026-11-02T10/2026-11-22T10/g' && record_of fill4 |
	sed 's/"fqdn":"fill4/"fqdn":"else/'; } >/srv/more.ndjson
chown certinstalld /srv/more.ndjson
more=$(instance more.ndjson)
systemctl start "$more" 2>/dev/null
check "a refusal fails the unit, and it says so" "1 failed" \
	"$(property "$more" ExecMainStatus) $(systemctl is-failed "$more")"
check "the other is installed, due or not" yes "$(installed fill3 && echo yes)"
rm -f /etc/default/certinstalld-run-once
systemctl start "$(instance nothing.ndjson)" 2>/dev/null
check "a file that is not there" 2 "$(property "$(instance nothing.ndjson)" ExecMainStatus)"
systemctl reset-failed "$more" "$(instance nothing.ndjson)"
rm -f /srv/back-fill.ndjson /srv/more.ndjson

# It works without the daemon, too.
systemctl stop $unit 2>/dev/null
record_of fill5 >/srv/alone.ndjson
chown certinstalld /srv/alone.ndjson
systemctl start "$(instance alone.ndjson)"
check "without the daemon: installed" yes "$(installed fill5 && echo yes)"
rm -f /srv/alone.ndjson
systemctl start $unit
lib_end
