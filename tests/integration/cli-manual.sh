# The manual and the help against the list of commands: each command and each
# option of the program is in fettle(1), and none else.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq
page=$srcdir/../docs/fettle.1

ok "the list of commands is JSON" sh -c "fettle help --format json >'$T/list' && jq -e '.commands | length > 0' '$T/list'"

# Options of a section of the page: those that .Fl names with two dashes.
options_of () { # "Sh NAME" or "Ss NAME"
  awk -v wanted=".$1" '
    /^\.S[hs] / { inside = ($0 == wanted) ; next }
    inside && /^\.(It Fl|Fl|Op Fl)/ { print }' "$page" |
    grep -oE 'Fl -[a-z][a-z-]+' | sed 's/^Fl -//' | sort -u
}

is "the options of every command" "$(options_of 'Sh OPTIONS OF EVERY COMMAND')" \
  "$(jq -r '.options[].name' "$T/list" | sort -u)"

jq -r '.commands[] | [.noun, .verb // empty] | join(" ")' "$T/list" | sort >"$T/commands"
awk '/^\.Sh /{inside = ($0 == ".Sh COMMANDS")} inside && sub(/^\.Ss /, "")' "$page" | sort >"$T/sections"
is "the commands of the page" "$(cat "$T/sections")" "$(cat "$T/commands")"

while read -r command; do
  is "fettle $command: its options in the manual" "$(options_of "Ss $command")" \
    "$(jq -r --arg c "$command" '.commands[] | select(([.noun, .verb // empty] | join(" ")) == $c) | .options[].name' \
      "$T/list" | sort -u)"
  # shellcheck disable=SC2086  # the command is two words
  fettle $command --help >"$T/help" 2>"$T/err"
  is "fettle $command --help says so on stdout alone" "$? $(cat "$T/err")" "0 "
  like "fettle $command --help begins with its usage" "$(head -n 1 "$T/help")" "^Usage: fettle $command( |$)"
  like "fettle --help names it" "$(fettle --help)" "^  $command +[A-Za-z]"
done <"$T/commands"

is "no letter stands for two options of a command" "$(jq -r '.options as $g | .commands[] |
  .noun + " " + (.verb // "") + " " + ([($g + .options)[].letter | select(. != null)] | group_by(.)[] |
  select(length > 1) | .[0])' "$T/list")" ""
is "no option is there twice" "$(jq -r '.options as $g | .commands[] |
  .noun + " " + (.verb // "") + " " + ([($g + .options)[].name] | group_by(.)[] |
  select(length > 1) | .[0])' "$T/list")" ""
done_testing
