# shellcheck shell=bash disable=SC2154
# build.sh - for scripts/test and scripts/quickstart: an out-of-tree build.
# Source it; $top is the top of the source.
#
# SPDX-License-Identifier: Apache-2.0

jobs=$(nproc 2>/dev/null || echo 2)

# quietly LOG COMMAND...: the command's output goes to the log, and is shown
# in part when it fails.
quietly () {
  local log=$1 status=0; shift
  "$@" >>"$log" 2>&1 </dev/null || status=$?
  if [ $status != 0 ]; then
    grep -nE -B2 -A6 'error:|Error [0-9]|\*\*\*' "$log" | head -n 60
    printf '...\n'; tail -n 15 "$log"
    echo "failed: $* (all of it: $log)"
  fi
  return $status
}

# build_tree DIR OPTION...: configure, unless the folder has these options
# already, and make.
build_tree () {
  local dir=$1 option reconfigure=no; shift
  mkdir -p "$dir" || return
  dir=$(cd "$dir" && pwd)
  : >"$dir/scripts.log"
  if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
    quietly "$dir/scripts.log" "$top/bootstrap" || return
  fi
  [ -x "$dir/config.status" ] && [ ! "$top/configure" -nt "$dir/config.status" ] || reconfigure=yes
  for option; do
    [ $reconfigure = yes ] || "$dir/config.status" --config | grep -qF -e "$option" || reconfigure=yes
  done
  if [ $reconfigure = yes ]; then
    (cd "$dir" && quietly scripts.log "$top/configure" -C "$@") || return
  fi
  quietly "$dir/scripts.log" make -C "$dir" -j"$jobs"
}
