# Completion: what is offered where, and that the shells take our lines.
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
export FETTLE_STATE_DIR=$T/state XDG_CONFIG_HOME=$T/config

# offers WORD...: what the last word may become.
offers () { fettle completion words -- "$@" | cut -f 1 | tr '\n' ' '; }

like "commands" "$(offers '')" '^node .*baseline .* help $'
is "a command that was begun" "$(offers bas)" "baseline "
is "verbs" "$(offers node '')" "add list show set remove items discover import export sbom "
is "a verb that was begun" "$(offers baseline s)" "show sbom sign "
is "options of a command" "$(offers node add --pass)" \
  "--password-file --password-fd --password-env --passphrase-file --passphrase-fd --passphrase-env "
like "options of every command" "$(offers node list --)" '--type --group .*--state-dir .*--help $'
is "formats are the command's" "$(offers report --format '')" "csv json html xml junit "
is "formats, as bash takes it apart" "$(offers report --format = j)" "json junit "
is "choices" "$(offers deploy --reboot '')" "never if-needed always "
is "files" "$(offers node add --key '')" ":files "
is "folders" "$(offers --state-dir '')" ":folders "
is "a folder as a word" "$(offers baseline add '')" ":folders :files "
is "global options in front" "$(offers --state-dir x -q node r)" "remove "
is "an option's value is no command" "$(offers -o node pl)" "plan plugin "
is "nothing for what isn't known" "$(offers frobnicate '')" ""
like "with help behind a tab" "$(fettle completion words -- pl)" "^plan$(printf '\t')show what"
ok "no service was started for it" test ! -e "$T/state"
not_ok "another shell" fettle completion tcsh

cat >"$T/ask.bash" <<'BASH'
eval "$(fettle completion bash)"
complete_line () { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _fettle; echo "${COMPREPLY[*]}"; }
complete_line fettle node l
complete_line fettle deploy --on-failed-dependency omit
cd "$FETTLE_TEST_FOLDER" && complete_line fettle node add --key a
complete -p fettle
BASH
mkdir "$T/files"
touch "$T/files/a key" "$T/files/b"
is "bash" "$(FETTLE_TEST_FOLDER=$T/files bash --norc "$T/ask.bash")" "list
omit-host omit-component
a key
complete -F _fettle fettle"

if command -v zsh >/dev/null; then
  fettle completion zsh >"$T/_fettle"
  ok "zsh takes it" zsh -n "$T/_fettle"
  cat >"$T/ask.zsh" <<'ZSH'
compdef () { echo "compdef $*"; }
_describe () { print -l -- "${(@P)2}"; }
eval "$(fettle completion zsh)"
words=(fettle deploy --reboot if) CURRENT=4
_fettle
words=(fettle baseline re) CURRENT=3
_fettle
ZSH
  is "zsh" "$(zsh -f "$T/ask.zsh")" "compdef _fettle fettle
if-needed:
remove:forget baselines; their files stay"
else
  skip "zsh" "needs zsh"
fi

if command -v fish >/dev/null; then
  is "fish" "$(HOME=$T fish --no-config -c 'fettle completion fish | source; complete -C "fettle node re"; complete -C "fettle deploy --reboot n"')" \
    "remove	forget nodes and what is known of them
never"
else
  skip "fish" "needs fish"
fi
done_testing
