#!/bin/bash
# A plugin is taken away by deleting its folder and its line of configure.ac: what
# is left builds, passes its tests and makes a source archive (make distcheck).
#   check-without-plugins.sh [PLUGIN...]      all that configure.ac names
#   WITHOUT_TESTS="unit/plan ..."  these tests alone; "none": none; without it all,
#                                  which takes as long as the whole suite, each time
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires autoreconf make tar
top=$srcdir/..
[ $# -gt 0 ] || set -- $(sed -n 's/^FETTLE_NODE_PLUGIN(\[\([a-z]*\)\].*/\1/p' "$top/configure.ac")
without () {
  local d=$T/$1 tests=()
  mkdir "$d" && tar -C "$top" --exclude ./build --exclude './build-*' --exclude ./.git --exclude './*/asan' -cf - . | tar -C "$d" -xf - || return
  rm -rf "$d/plugins/$1"
  sed -i "/^FETTLE_NODE_PLUGIN(\[$1\]/d" "$d/configure.ac"
  case ${WITHOUT_TESTS-} in none) tests=(TESTS=) ;; ?*) tests=("TESTS=$WITHOUT_TESTS") ;; esac
  (cd "$d" && ./bootstrap && mkdir b && cd b && ../configure -q CC="${CC-gcc}" && make -s -j"$(nproc)" distcheck \
    DISTCHECK_CONFIGURE_FLAGS="CC='${CC-gcc}'" "${tests[@]}") >"$T/$1.log" 2>&1 || { tail -n 30 "$T/$1.log"; return 1; }
  chmod -R u+w "$d"; rm -rf "$d"
}
for plugin in "$@"; do
  begin=$SECONDS
  ok "without $plugin" without "$plugin"
  echo "# $plugin: $((SECONDS - begin)) s"
done
done_testing
