#!/usr/bin/env bash
# The units as they are built: how exposed systemd takes the services to be, and that what guards the
# one guards the other. What they do in a real systemd is tests/container's.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
units=$(cd "${top_builddir:-.}" && pwd)/systemd
services="certinstalld.service certinstalld-run-once@.service"

if ! command -v systemd-analyze >/dev/null; then
	echo "SKIPPED: units.sh: needs systemd-analyze (Debian's package systemd)"
	exit 77
fi
[ "$(systemd-analyze --version | awk 'NR == 1 { print $2 }')" -ge 252 ] || {
	echo "SKIPPED: units.sh: needs systemd 252 or later"
	exit 77
}

# What is left open, each with its reason in the hardening's last comment; the devices are those that
# ProtectClock= and encrypted credentials bring along.
open="DeviceAllow=
IPAddressDeny=
PrivateNetwork=
PrivateUsers=
RestrictAddressFamilies=~AF_(INET|INET6)
RestrictAddressFamilies=~AF_UNIX
RootDirectory=/RootImage="

figure() {
	systemd-analyze security --offline=yes --no-pager "$1" |
		sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p'
}

for service in $services; do
	exposure=$(figure "$units/$service")
	check "$service: its exposure is at most 1.2" yes \
		"$(awk -v x="$exposure" 'BEGIN { print (x != "" && x <= 1.2) ? "yes" : "it is " x }')"
	holds "$service: by systemd's own comparison" \
		systemd-analyze security --offline=yes --threshold=12 --no-pager "$units/$service"
	check "$service: nothing else is open than is meant to be" \
		"$open" \
		"$(systemd-analyze security --offline=yes --no-pager "$units/$service" |
			awk '$1 == "✗" { print $2 }' | LC_ALL=C sort)"
done

# directives FILE: what stands in [Service], without what a daemon and a backfill must have apart.
directives() {
	awk '/^\[/ { inside = $0 == "[Service]" } inside && /^[A-Z]/' "$1" | sed 's/ *= */=/' |
		grep -vE '^(Type|NotifyAccess|Exec(Start|Reload)|Sockets|EnvironmentFile|WatchdogSec|Timeout(Start|Stop)Sec|KillMode|Restart[A-Za-z]*)='
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
directives "$units/certinstalld.service" >"$scratch/daemon"
directives "$units/certinstalld-run-once@.service" >"$scratch/backfill"
check "both are guarded alike" "" "$(diff "$scratch/daemon" "$scratch/backfill")"

while read -r unit line; do
	check "$unit: $line" 1 "$(grep -cxF -- "$line" "$units/$unit")"
done <<'DIRECTIVES'
certinstalld.service Restart=on-failure
certinstalld.service RestartPreventExitStatus=2
certinstalld.service WatchdogSec=60
certinstalld.service Type=notify
certinstalld.service LimitCORE=0
certinstalld.service LogRateLimitBurst=1000000
certinstalld.service Documentation=man:certinstalld(8) man:certinstalld.conf(5)
certinstalld-admin.socket SocketMode=0660
certinstalld-admin.socket FileDescriptorName=admin
certinstalld-admin.socket PartOf=certinstalld.service
DIRECTIVES
check "no place is left to be filled in" "" \
	"$(grep -hE '@[a-z]+@' "$units"/*.service "$units"/*.socket "$units"/*/*.conf)"

# The credentials that are loaded by themselves are those of every service that has a profile.
wanted=$(for profile in "$top"/conf/services.d/*.conf; do
	name=${profile##*/}
	echo "certinstalld.${name%.conf}-token"
done | sort)
check "each service's token may be a credential" "$wanted" \
	"$(sed -n 's/^LoadCredentialEncrypted=\(.*-token\)$/\1/p' "$units/certinstalld.service" |
		grep -v feed | sort)"

# Each group and user that a unit or the spool names is one that is made.
made=$(awk '$1 == "u" || $1 == "g" { print $2 }' "$units/sysusers.d/certinstalld.conf")
unmade=
for name in $(sed -n 's/^\(User\|Group\|SocketUser\|SocketGroup\)=//p' "$units"/*.service \
	"$units"/*.socket | sort -u) $(awk '/^d/ { print $4; print $5 }' "$units/tmpfiles.d/certinstalld.conf"); do
	grep -qx "$name" <<<"$made" || unmade="$unmade $name"
done
check "users and groups are made" "" "$unmade"
system_end
