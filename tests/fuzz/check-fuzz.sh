#!/bin/bash
# Gives every fuzz target to libFuzzer, with sanitizers, for FUZZ_SECONDS (60)
# each.  Called by `make check-fuzz`, in the build folder of the tests.
#   check-fuzz.sh SRCDIR CPPFLAGS... -- LIBS...
# What it finds is left in fuzz-found/.
# SPDX-License-Identifier: Apache-2.0
set -u
srcdir=$1; shift
flags=() libs=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do flags+=("$1"); shift; done
[ $# -gt 0 ] && shift
libs=("$@")
clang=${CLANG-clang}
command -v "$clang" >/dev/null 2>&1 || { echo "check-fuzz: needs clang: apt install clang"; exit 77; }
mkdir -p fuzz-bin fuzz-found
failed=0
for target in "$srcdir"/fuzz/*.c; do
  name=$(basename "$target" .c)
  grep -q '^ \* Sources:' "$target" || continue
  [ "$name" != driver ] || continue
  corpus=$srcdir/fuzz/corpus/$name
  [ -d "$corpus" ] || corpus=$srcdir/fuzz/$name
  sources=$(sed -n '/^ \* Sources:/,/^ \*$/p' "$target" | sed 's/^ \*\( Sources:\)\{0,1\}//')
  set -- # a plugin that was taken away takes its targets with it
  for s in $sources; do [ -e "$srcdir/../core/$s" ] || continue 2; done
  for s in $sources; do set -- "$@" "$srcdir/../core/$s"; done
  if ! "$clang" -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
      "${flags[@]}" -I"$srcdir" "$target" "$@" "${libs[@]}" -o "fuzz-bin/$name"; then
    echo "check-fuzz: $name doesn't build"; failed=1; continue
  fi
  mkdir -p "fuzz-bin/$name.corpus"
  echo "check-fuzz: $name for ${FUZZ_SECONDS-60} s"
  if ! "fuzz-bin/$name" -max_total_time="${FUZZ_SECONDS-60}" -max_len=8192 -timeout=10 -rss_limit_mb=1024 \
      -artifact_prefix="fuzz-found/$name." "fuzz-bin/$name.corpus" "$corpus" \
      >"fuzz-bin/$name.log" 2>&1; then
    echo "check-fuzz: $name FAILED"; tail -n 40 "fuzz-bin/$name.log"; failed=1
  else
    tail -n 1 "fuzz-bin/$name.log"
  fi
done
exit $failed
