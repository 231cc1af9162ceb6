#!/bin/bash
# Gives fuzz targets to libFuzzer, with sanitizers, for FUZZ_SECONDS (60) each.
# Called by `make check-fuzz`, in the build folder of the tests.
#   check-fuzz.sh TOP fuzz/NAME...      FUZZ="fuzz/oa ...": these alone
# What it finds is left in fuzz-found/.
# SPDX-License-Identifier: Apache-2.0
set -u
top=$1; shift
# shellcheck disable=SC2086
[ -z "${FUZZ-}" ] || set -- $FUZZ
clang=${CLANG-clang}
command -v "$clang" >/dev/null 2>&1 || { echo "check-fuzz: needs clang: apt install clang"; exit 77; }

# A build of everything that targets are linked with; theirs alone have libFuzzer's main.
sanitize=-fsanitize=fuzzer-no-link,address,undefined
build () {
  mkdir -p fuzz-build && cd fuzz-build && { [ -f Makefile ] || "$top/configure" -q CC="$clang" CPPFLAGS=-DFETTLE_LIBFUZZER \
    CFLAGS="-g -O1 $sanitize -fno-sanitize-recover=undefined" LDFLAGS="$sanitize"; } &&
    make -s -j"$(nproc)" -C sdk && make -s -j"$(nproc)" -C core &&
    make -s -k -j"$(nproc)" -C tests LDFLAGS="${sanitize/-no-link/}" "$@"
}
(build "$@") >fuzz-build.log 2>&1 || { tail -n 30 fuzz-build.log; echo "check-fuzz: the build failed: fuzz-build.log"; exit 1; }

mkdir -p fuzz-found
failed=0
for target in "$@"; do
  name=${target#fuzz/} log=fuzz-build/$target.log
  mkdir -p "fuzz-build/$target.corpus"
  echo "check-fuzz: $name for ${FUZZ_SECONDS-60} s"
  if "fuzz-build/tests/$target" -max_total_time="${FUZZ_SECONDS-60}" -max_len=8192 -timeout=10 -rss_limit_mb=1024 \
      -artifact_prefix="fuzz-found/$name." "fuzz-build/$target.corpus" "$top/tests/fuzz/corpus/$name" >"$log" 2>&1; then
    tail -n 1 "$log"
  else
    echo "check-fuzz: $name FAILED"; tail -n 40 "$log"; failed=1
  fi
done
exit $failed
