#!/bin/sh
# bytes.sh FILE - writes bytes.c: the file as bytes; of /dev/null, no bytes.
# SPDX-License-Identifier: Apache-2.0
set -eu
echo '/* Made by bytes.sh.'
echo ' * SPDX-License-Identifier: Apache-2.0 */'
echo '#include "bytes.h"'
echo
echo 'const unsigned char windows_target[] = {'
od -An -v -tu1 "$1" | sed 's/ *\([0-9][0-9]*\)/\1,/g'
echo '0 };'
echo 'const size_t windows_target_size = sizeof windows_target - 1;'
