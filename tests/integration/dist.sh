# A release has every file of the tree: what git knows is in `make dist`.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires git make
top=$(cd "$srcdir/.." && pwd)
git -C "$top" rev-parse --git-dir >/dev/null 2>&1 || skip_all "not a git checkout"
[ -O "$top" ] || skip_all "the checkout is another user's: git refuses it"

name=$(sed -n "s/^PACKAGE_TARNAME *= *//p" "$builddir/../Makefile")-$(sed -n "s/^PACKAGE_VERSION *= *//p" "$builddir/../Makefile")
at_exit "chmod -R u+w '$builddir/../$name' 2>/dev/null; rm -rf '$builddir/../$name'"
ok "make distdir works" make -C "$builddir/.." distdir
(cd "$builddir/../$name" && find . -type f | sed 's,^\./,,' | sort) >"$T/released"
git -C "$top" ls-files | grep -vE '(^|/)\.git' | sort >"$T/tracked"
is "no file of the tree is missing" "$(comm -13 "$T/released" "$T/tracked")" ""

done_testing
