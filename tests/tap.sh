# tap.sh - TAP for test scripts.  Source it, then:
#   requires nft ip          skip the whole script where a command is missing
#   has_plugin ilo           is it in this build? for a part of a script that needs it
#   with_plugin ilo is ...   a point that needs it, or is skipped
#   ok "what is claimed" command args...      the command must succeed
#   not_ok "what" command args...             the command must fail
#   is "what" "$got" "$wanted"                equal text
#   like "what" "$got" 'regex'                got matches (grep -E)
#   ok "what" soon command args...            once it succeeds, which it has 30 s for
#   skip "what" "why"
#   done_testing
# Each ok runs its command with output shown as diagnostics when it fails.
# A script that is about plugins names them at its head, "# Plugins: linux ilo":
# where one isn't in the build, the whole script is skipped.
# $T is a folder of the test's own, removed at the end; `at_exit CMD` adds clean-up.

set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # a make in a test is no part of the one that runs the tests
# make -j gives all tests but one a pipe without a writer as standard input, and what a test starts
# with & has it too, wherever there is a redirection around it (done 3<<ROWS).
exec </dev/null
T=$(mktemp -d "${TMPDIR:-/tmp}/fettle-test.XXXXXX")
tap_n=0 tap_failed=0 tap_exit=

at_exit () { tap_exit="$1; $tap_exit"; }
tap_end () {
  local status=$?
  eval "$tap_exit"
  rm -rf "$T"
  exit $status
}
trap tap_end EXIT
trap 'exit 130' INT TERM

tap_line () { # ok|not ok, what, file of diagnostics
  tap_n=$((tap_n + 1))
  echo "$1 $tap_n - $2"
  if [ "$1" = "not ok" ]; then
    tap_failed=$((tap_failed + 1))
    [ -z "${3-}" ] || sed 's/^/# /' "$3"
  fi
}
ok () {
  local what=$1; shift
  if "$@" >"$T/tap.out" 2>&1; then tap_line "ok" "$what"; else tap_line "not ok" "$what" "$T/tap.out"; return; fi
  [ "${1-}" != soon ] || cat "$T/tap.out"
}
not_ok () {
  local what=$1; shift
  if "$@" >"$T/tap.out" 2>&1; then tap_line "not ok" "$what" "$T/tap.out"; else tap_line "ok" "$what"; fi
}
is () {
  printf 'got:    %s\nwanted: %s\n' "$2" "$3" >"$T/tap.out"
  if [ "$2" = "$3" ]; then tap_line "ok" "$1"; else tap_line "not ok" "$1" "$T/tap.out"; fi
}
like () {
  printf 'got:    %s\nwanted: %s\n' "$2" "$3" >"$T/tap.out"
  if printf '%s\n' "$2" | grep -qE -- "$3"; then tap_line "ok" "$1"; else tap_line "not ok" "$1" "$T/tap.out"; fi
}
# Tests never depend on how fast a machine is: a state that shall come is waited
# for, generously; how long it took is a diagnostic.
soon () {
  local begin=${EPOCHREALTIME/[.,]/} took
  until "$@" >/dev/null 2>&1; do
    took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
    [ $took -lt 30000 ] || return 1
    sleep 0.05
  done
  took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
  echo "# after $took ms"
}
skip () { tap_n=$((tap_n + 1)); echo "ok $tap_n - $1 # SKIP $2"; }
skip_all () { echo "1..0 # SKIP $1"; exit 0; }
requires () {
  local c
  for c in "$@"; do command -v "$c" >/dev/null 2>&1 || skip_all "needs $c"; done
}
has_plugin () { case " ${FETTLE_BUILT_PLUGINS-$1} " in *" $1 "*) ;; *) return 1 ;; esac; } # ./run knows
with_plugin () { # NAME is|like|ok "what" args...: this point needs it
  local p=$1; shift
  if has_plugin "$p"; then "$@"; else skip "$2" "needs the plugin $p, which isn't built"; fi
}
requires_plugins () { # those of the line among the comments that a script begins with
  local line p
  while IFS= read -r line && [[ $line = '#'* ]]; do
    [[ $line = '# Plugins: '* ]] || continue
    for p in ${line#*: }; do has_plugin "$p" || skip_all "needs the plugin $p, which isn't built"; done
  done <"$1"
}
done_testing () { echo "1..$tap_n"; [ "$tap_failed" = 0 ]; }
[ ! -f "$0" ] || requires_plugins "$0"
