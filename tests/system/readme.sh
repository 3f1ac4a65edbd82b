#!/usr/bin/env bash
# README.md and README.ja.md say the same, and what the documents name is there: files, headings,
# verbs and their options, events.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
build=$(cd "${top_builddir:-.}" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/certinstalld.XXXXXX")
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
unset LANGUAGE
cd "$top" || exit 99

english=README.md
japanese=README.ja.md
documents=("$english" "$japanese" doc/*.md)

# same NAME FUNCTION: of both files.
same() {
	local lines

	"$2" "$english" >"$work/english"
	"$2" "$japanese" >"$work/japanese"
	check "both have the same $1" "" "$(diff "$work/english" "$work/japanese" | head -n 10)"
	lines=$(wc -l <"$work/english")
	check "and there are some" yes "$([ "$lines" -gt 3 ] && echo yes || echo "$lines")"
}

# prose FILE: without its blocks. blocks LANGUAGE FILE: those alone.
prose() {
	awk '/^ *```/ { inside = !inside; next } !inside' "$1"
}

blocks() {
	awk -v fence="\`\`\`$1" '/^ *```/ { inside = !inside && $1 == fence; print "--"; next } inside' "$2"
}

levels() {
	prose "$1" | grep -oE '^#+ ' | sed 's/ $//'
}

# What comments say is in each one's language.
commands() {
	blocks sh "$1" | sed -E 's/(^| +)# .*//'
}

# In what was printed: what was typed for it.
typed() {
	blocks text "$1" | sed -n 's/^\$ \(LANG=[^ ]* \)\?//p' | sed 's/-o short-iso //'
}

# Each one links to the other.
links() {
	prose "$1" | grep -oE '\]\([^)]+\)' | sed 's/README\.ja\.md/README.md/' | sort
}

same "headings" levels
same "commands" commands
same "commands in what was printed" typed
same "links" links

# ---- files ----

# names FILE: what its prose has in backticks, one a line.
names() {
	prose "$1" | grep -oE '`[^`]+`' | tr -d '`'
}

# there NAME: in the tree, each of those that its braces mean; a module is named without its ending.
there() {
	local name place parts

	# Of the characters that a path may have here, see below, none does more than this.
	set -f
	eval "parts=(${1%/})"
	set +f
	for name in "${parts[@]}"; do
		for place in "$name" "src/$name" none; do
			if compgen -G "$place" || compgen -G "$place.[ch]" || compgen -G "$place.in" ||
				compgen -G "${place}_*.[ch]"; then
				break
			fi >/dev/null
		done
		[ "$place" != none ] || return 1
	done
}

folders=$(find src -mindepth 1 -maxdepth 1 -type d -printf '%f|')
paths="^(scripts|doc|conf|src|tests|debian|systemd|${folders%|})/[][A-Za-z0-9_.*@{},/-]+\$|^[A-Za-z0-9_-]+\\.md\$"
for document in "${documents[@]}"; do
	missing=
	for name in $(names "$document" | grep -E "$paths" | sort -u); do
		there "$name" || missing="$missing $name"
	done
	check "$document: the files that it names are there" "" "$missing"
	missing=
	for target in $(prose "$document" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//' | sort -u); do
		case $target in
		http*) ;;
		'#'*) prose "$document" | sed -n 's/^#* //p' | tr 'A-Z ' 'a-z-' | tr -d ',.:' |
			grep -qx -- "${target#\#}" || missing="$missing $target" ;;
		*) [ -e "$(dirname "$document")/${target%%#*}" ] || missing="$missing $target" ;;
		esac
	done
	check "$document: where its links lead is something" "" "$missing"
done
there doc/nothing.md
check "a file that is not there is noticed" 1 $?

# ---- what is to be typed ----

"$build/certinstallctl" --help | awk '/^  [a-z]/ { print $1 }' | sort >"$work/verbs"

# typing DOCUMENT: the lines that one could type, in blocks and in backticks, "… | …" in parts.
typing() {
	{ awk '/^ *```/ { inside = !inside; next } inside' "$1" | sed -E 's/^\$ //; s/(^|  +)# .*//' && names "$1"; } |
		grep -oE '(^|[ ;|(&])certinstallctl [a-z].*' | sed -E 's/^[ ;|(&]//'
}

for document in "$english" "$japanese" doc/runbook.md doc/journal.md doc/reliability.md; do
	wrong=
	while read -r _ verb rest; do
		if ! grep -qx -- "$verb" "$work/verbs"; then
			wrong="$wrong $verb"
			continue
		fi
		[ -e "$work/$verb.help" ] || "$build/certinstallctl" "$verb" --help >"$work/$verb.help" 2>&1
		for option in $(grep -oE -- '(^| )--[a-z-]+' <<<"$rest"); do
			grep -q -- "$option" "$work/$verb.help" || wrong="$wrong $verb:$option"
		done
	done < <(typing "$document")
	check "$document: the verbs and options of certinstallctl are so" "" "$wrong"
	wrong=
	for id in $(grep -oE 'MESSAGE_ID=[0-9a-f]+' "$document" | sed 's/.*=//' | sort -u); do
		grep -q "\"$id\"" src/base/events.def || wrong="$wrong $id"
	done
	check "$document: the events are so" "" "$wrong"
done
check "there is much to type" yes "$([ "$(typing doc/runbook.md | wc -l)" -gt 50 ] && echo yes)"

# Transcripts show nobody's machine.
check "no place of a machine but scratch ones" "" \
	"$(grep -nE '/(home|root|work)/|/tmp/[^c]' "$english" "$japanese" doc/runbook.md | grep -v 'tar.gz')"

system_end
