#!/bin/bash
# A plugin is taken away by deleting its folder and its line of configure.ac: what
# is left builds, passes its tests and makes a source archive (make distcheck).
#   check-without-plugins.sh [PLUGIN...]      all that configure.ac names; "nothing": none is taken away
#   WITHOUT_TESTS="unit/plan ..."  these tests alone; "none": none; without it all,
#                                  which takes as long as the whole suite, each time
#   WITHOUT_LOGS=DIR               the log of each is left there (without-plugins/)
#   WITHOUT_JOBS=N                 for make (as many as there are processors)
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires autoreconf make tar
top=$srcdir/..
[ $# -gt 0 ] || set -- $(sed -n 's/^FETTLE_NODE_PLUGIN(\[\([a-z]*\)\].*/\1/p' "$top/configure.ac")
logs=${WITHOUT_LOGS-without-plugins}
mkdir -p "$logs"
without () {
  local d=$T/$1 log=$logs/$1.log tests=()
  mkdir "$d" && tar -C "$top" --exclude ./build --exclude './build-*' --exclude ./.git --exclude './*/asan' -cf - . | tar -C "$d" -xf - || return
  if [ "$1" != nothing ]; then
    rm -r "$d/plugins/$1" || return
    sed -i "/^FETTLE_NODE_PLUGIN(\[$1\]/d" "$d/configure.ac"
  fi
  case ${WITHOUT_TESTS-} in none) tests=(TESTS=) ;; ?*) tests=("TESTS=$WITHOUT_TESTS") ;; esac
  (cd "$d" && ./bootstrap && mkdir b && cd b && ../configure -q CC="${CC-gcc}" && make -s -j"${WITHOUT_JOBS-$(nproc)}" distcheck \
    DISTCHECK_CONFIGURE_FLAGS="CC='${CC-gcc}'" "${tests[@]}") >"$log" 2>&1 || { grep -E '^(FAIL|ERROR)' "$log"; tail -n 30 "$log"; return 1; }
}
for plugin in "$@"; do
  begin=$SECONDS
  ok "without $plugin" without "$plugin"
  echo "# $plugin: $((SECONDS - begin)) s; points: $(grep -oE '^# (PASS|SKIP|FAIL|ERROR): +[0-9]+' "$logs/$plugin.log" | sed 's/# //; s/  */ /g' | paste -sd, | sed 's/,/, /g'); $logs/$plugin.log"
  chmod -R u+w "$T/$plugin"; rm -rf "$T/$plugin"
done
done_testing
