#!/usr/bin/env bash
# Completion in bash: all that --help tells of is offered, and nothing else.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
# shellcheck disable=SC2034 # write_config looks at it
sites=no
write_config
PATH=$build:$PATH
# shellcheck source=conf/completion/certinstallctl
. "$top/conf/completion/certinstallctl"
# shellcheck source=conf/completion/certinstalld
. "$top/conf/completion/certinstalld"

# offered FUNCTION WORD…: what is offered for the last word, sorted, in one line.
offered() {
	local function=$1

	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	"$function" "$1" "$2" "$1"
	printf '%s\n' "${COMPREPLY[@]}" | sort -u | paste -sd ' '
}

# options PROGRAM [VERB]: those that its help tells of, sorted.
options() {
	"$build/$1" ${2:+"$2"} --help | grep -oE -- '--[a-z]+(-[a-z]+)*' | sort -u
}

# refused PROGRAM [VERB]: those options that it does not know, though its help tells of them.
refused() {
	local option

	for option in $(options "$@"); do
		"$build/$1" ${2:+"$2"} "$option" x --help 2>&1 </dev/null |
			grep -qE 'unrecognized option|unknown option' && echo "$option"
	done
}

# overfed PROGRAM FUNCTION [VERB]: options with a value for which options are offered.
overfed() {
	local program=$1 function=$2 option

	shift 2
	for option in $("$build/$program" "$@" --help |
		grep -oE -- '--[a-z]+(-[a-z]+)*[ =][A-Z]' | sed 's/[ =].*//' | sort -u); do
		offered "$function" "$program" "$@" "$option" '' | grep -q -- '--' && echo "$option"
	done
}

verbs=$("$build/certinstallctl" --help | awk '/^  [a-z]/ { print $1 }')
check "verbs" "$(printf '%s\n' "$verbs" --help --version | sort | paste -sd ' ')" \
	"$(offered _certinstallctl certinstallctl '')"
check "verbs that begin so" "$(grep ^re <<<"$verbs" | sort | paste -sd ' ')" \
	"$(offered _certinstallctl certinstallctl re)"
for verb in $verbs; do
	check "$verb: its options" "$( (options certinstallctl "$verb"; echo --help) | sort -u |
		paste -sd ' ')" "$(offered _certinstallctl certinstallctl "$verb" --)"
	check "$verb: it knows them" '' "$(refused certinstallctl "$verb")"
	check "$verb: a value is no option" '' "$(overfed certinstallctl _certinstallctl "$verb")"
done
services=$("$build/certinstallctl" services --config "$conf" | awk '{ print $1 }' | sort)
check "there are services" yes "$([ "$(wc -w <<<"$services")" -ge 7 ] && echo yes)"
for verb in pause resume release; do
	check "$verb: services" "$(paste -sd ' ' <<<"$services")" \
		"$(offered _certinstallctl certinstallctl $verb --config "$conf" '')"
done
check "--service" "$(grep ^w <<<"$services" | paste -sd ' ')" \
	"$(offered _certinstallctl certinstallctl jobs --config "$conf" --service w)"
states=$(offered _certinstallctl certinstallctl jobs --state '')
check "ten states" 10 "$(wc -w <<<"$states")"
for state in $states; do
	"$build/certinstallctl" jobs --config "$conf" --state "$state" 2>&1 |
		grep -q 'is none of' && echo "$state"
done >"$scratch/unknown"
check "that it knows" '' "$(cat "$scratch/unknown")"
touch "$scratch/a-record.json"
check "files" "$scratch/a-record.json" "$(offered _certinstallctl certinstallctl import "$scratch/a-r")"
check "and of --config" "$conf" \
	"$(offered _certinstallctl certinstallctl jobs --config "${conf%.conf}")"

check "the daemon's options" "$(options certinstalld | paste -sd ' ')" \
	"$(offered _certinstalld certinstalld --)"
check "it knows them" '' "$(refused certinstalld)"
check "a value is no option" '' "$(overfed certinstalld _certinstalld)"
check "its services" "$(grep ^i <<<"$services" | paste -sd ' ')" \
	"$(offered _certinstalld certinstalld --config "$conf" --service i)"

system_end
