# shellcheck shell=bash disable=SC2086,SC2154
# The hardened services really deny: a probe in the place of the program, under the very directives
# of the installed unit.
# shellcheck source=tests/container/lib.sh
. /tree/tests/container/lib.sh

figure() {
	systemd-analyze security --no-pager "$1" | sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p'
}
check "the exposure of the running service" yes \
	"$(awk -v x="$(figure $unit)" 'BEGIN { print (x != "" && x <= 1.2) ? "yes" : x }')"

# probe_unit NAME EXEC: of the backfill's unit, which does not restart and is the same otherwise.
probe_unit() {
	sed -e "s|^ExecStart=.*|ExecStart=$2|" -e '/^EnvironmentFile=/d' \
		/lib/systemd/system/certinstalld-run-once@.service >"/run/systemd/system/$1.service"
	systemctl daemon-reload
}

probe_unit case-id /usr/bin/id
systemctl start case-id 2>/dev/null
check "another program cannot be run" 203 "$(property case-id ExecMainStatus)"

cp /tree/tests/container/probe.py /usr/local/lib/case-probe.py
probe_unit case-probe "/usr/bin/python3 /usr/local/lib/case-probe.py"
# The interpreter is let run, for the probe's sake alone.
sed -i 's|^ExecPaths=.*|& /usr/bin|' /run/systemd/system/case-probe.service
systemctl daemon-reload
systemctl start case-probe
check "the probe ran to its end" 0 "$(property case-probe ExecMainStatus)"
journalctl --sync
journalctl -q --no-pager -o cat -u case-probe >$lab/probe
while IFS= read -r name; do
	check "denied: $name" "$name denied" "$(grep -E "^$name (denied|ALLOWED)" $lab/probe)"
done < <(sed -n 's/^    "\([^"]*\)": lambda.*/\1/p; s/^    "\([^"]*\)": [a-z_]*,$/\1/p' \
	/tree/tests/container/probe.py)
check "all of them were tried" "$(grep -c '^    "' /tree/tests/container/probe.py)" \
	"$(grep -cE ' (denied|ALLOWED)$' $lab/probe)"
says "what it needs is there" '^what it needs is there' $lab/probe
check "its /tmp is its own" no "$([ -e /tmp/seen-outside ] && echo yes || echo no)"
says "it has no capability to get" '^capabilities 0000000000000000' $lab/probe
pid=$(main_pid)
check "and so it is with the daemon" "NoNewPrivs:1 CapEff:0000000000000000 Seccomp:2" \
	"$(awk '/^(NoNewPrivs|CapEff|Seccomp):/ { print $1 $2 }' "/proc/$pid/status" |
		awk '/NoNew/ { n = $0 } /Cap/ { c = $0 } /Sec/ { s = $0 } END { print n, c, s }')"
# As the kernel has it. What lets programs run is the system's own, and root's. (/run/host is the
# container's.)
rw() {
	awk '{ options[$2] = $4 } # what lies over another hides it
		END { for (place in options) print "-", place, "-", options[place] }' "/proc/$pid/mounts" |
		awk '$2 !~ "^/(proc|sys|run/host|run/lock|dev/(pts|mqueue|hugepages))" && $4 ~ /(^|,)rw(,|$)/'
}
writable() {
	while read -r _ place _; do
		setpriv --reuid certinstalld --regid certinstalld --init-groups test -w "$place" &&
			echo "$place"
	done | sort -u | paste -sd ' '
}
check "no place is there to write and to run from" "" \
	"$(rw | awk '$4 !~ /(^|,)noexec(,|$)/' | writable)"
check "places to write" \
	"/dev/shm /run/certinstalld /tmp /var/lib/certinstalld /var/spool/certinstalld /var/tmp" \
	"$(rw | writable)"
rm -f /usr/local/lib/case-probe.py /run/systemd/system/case-*.service
systemctl daemon-reload
lib_end
