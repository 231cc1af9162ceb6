#!/bin/bash
# Packages as users get them: built twice in other places, to the same bytes; without
# lintian's complaints; installed in a clean Debian, where only what was installed is
# there.  The same of the rpms.  Root, Debian's mirror, and an hour on a slow machine;
# apt install debhelper debootstrap firewalld gdb lintian logrotate rpm, and what debian/control says.
#   PACKAGES_DIR=DIR   work there, and leave it; what is built there isn't built again
#   DEBIAN_MIRROR=URL  (http://deb.debian.org/debian)
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires dpkg-buildpackage debootstrap lintian rpmbuild dpkg-scanpackages unshare
[ "$(id -u)" = 0 ] || skip_all "needs root, for a Debian root"
W=${PACKAGES_DIR-$T/w}
mkdir -p "$W"; chmod 755 "$W" "$T"
top=$builddir/..
P=$srcdir/../packaging
begin=$SECONDS
figure () { echo "# $1: $((SECONDS - begin)) s"; begin=$SECONDS; }

# ---- Twice: another folder, time zone, language and umask; two real compilations.
export CCACHE_DISABLE=1
ok "the source's archive" make -s -C "$top" dist-xz
archive=$(echo "$top"/fettle-*.tar.xz)
version=$(basename "$archive" .tar.xz); version=${version#fettle-}
build () { # FOLDER
  [ -e "$1/built" ] && return
  rm -rf "$1"; mkdir -p "$1"; tar -C "$1" -xf "$archive"
  cp -r "$1/fettle-$version/packaging/debian" "$1/fettle-$version/debian"
  (cd "$1/fettle-$version" && DEB_BUILD_OPTIONS=parallel=$(nproc) dpkg-buildpackage -us -uc -b) >"$1.log" 2>&1 || { tail -n 20 "$1.log"; return 1; }
  touch "$1/built"
}
ok "packages are built" build "$W/one"; figure "a build of the packages"
other () (umask 027; TZ=Pacific/Auckland LC_ALL=C.UTF-8 build "$W/another/deeper")
ok "and once more, elsewhere" other; figure "another one"
sums () { (cd "$1" && sha256sum ./*.deb); }
is "to the same bytes" "$(sums "$W/one")" "$(sums "$W/another/deeper")"
echo "# $(find "$W/one" -name '*.deb' | wc -l) packages, $(du -cb "$W"/one/*.deb | tail -n 1 | cut -f1) bytes"
ok "lintian has nothing to say against them" lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$W"/one/*.changes
ok "each plugin has one" sh -c 'for p in $(sed -n "s/^FETTLE_NODE_PLUGIN(\[\([a-z]*\)\].*/\1/p" "$1"); do
  ls "$2/fettle-plugin-${p}_"*.deb >/dev/null || exit; done' - "$srcdir/../configure.ac" "$W/one"
is "each program and each plugin has symbols" "$(cd "$W/one" && ls ./*-dbgsym_*.deb | sed 's/-dbgsym_.*//; s,^./,,' | tr '\n' ' ')" \
  "fettle fettle-gate $(sed -n 's/^Package: \(fettle-plugin-.*\)/\1/p' "$P/debian/control" | sort | tr '\n' ' ')"
found_by_gdb () { # a program, a plugin
  for d in fettle fettle-plugin-oa; do
    dpkg-deb -x "$W"/one/${d}_*.deb "$T/sym" && dpkg-deb -x "$W"/one/$d-dbgsym_*.deb "$T/sym" || return
  done
  for f in usr/sbin/fettled:main "usr/lib/*/fettle/plugins/oa.so:oa_LTX_fettle_plugin_1"; do
    gdb -nx -batch -ex "set debug-file-directory $T/sym/usr/lib/debug" -ex "file $(echo "$T"/sym/${f%:*})" -ex "info line ${f#*:}" 2>&1 |
      grep '^Line [0-9]* of ".*\.c"' || return
  done
}
if command -v gdb >/dev/null; then ok "which gdb finds" found_by_gdb; else skip "which gdb finds" "no gdb"; fi

# ---- Without a plugin: no package of it, nothing that wants it.
profile () { (cd "$W/one/fettle-$version" && DEB_BUILD_PROFILES="pkg.fettle.nowindows pkg.fettle.nooa" "$@"); }
is "a build profile leaves plugins out" "$(profile dh_listpackages | sed -n 's/^fettle-plugin-//p' | sort | tr '\n' ' ')" "ilo linux redfish superdome vmware "
like "and says so to configure" "$(profile make -n -f debian/rules override_dh_auto_configure)" 'mingw=no .*--disable-windows.* --disable-oa|mingw=no .*--disable-oa.* --disable-windows'
is "so does the spec" "$(rpmspec -q --qf '%{name}\n' --without windows --without oa "$P/rpm/fettle.spec" | sed -n 's/^fettle-plugin-//p' | sort | tr '\n' ' ')" \
  "ilo linux redfish superdome vmware "

# ---- A clean root.  Mounts end with this shell's namespace.
root=$W/root
make_root () {
  [ -e "$root/made" ] && return
  rm -rf "$root"
  debootstrap --variant=minbase bookworm "$root" "${DEBIAN_MIRROR-http://deb.debian.org/debian}" >"$W/root.log" 2>&1 || { tail -n 5 "$W/root.log"; return 1; }
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"
  touch "$root/made"
}
ok "a clean Debian root" make_root; figure "the root"
mkdir -p "$root/debs"; rm -rf "$root"/debs/*; cp "$W"/one/*.deb "$root/debs/"
(cd "$root/debs" && dpkg-scanpackages -m . >Packages 2>/dev/null)
echo 'deb [trusted=yes] copy:/debs ./' >"$root/etc/apt/sources.list.d/fettle.list"
cp -r "$P/debian/tests" "$root/debs/"
inside () {
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child --net sh -c 'mount -t proc proc "$1/proc" && mount -t tmpfs run "$1/run" && ip link set lo up 2>/dev/null
    root=$1; shift; exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"' sh "$root" "$@"
}
outside () { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
fetch () { # what they need is fetched with the network, installed without
  outside apt-get -qq update && outside apt-get -qq -y --no-install-recommends --download-only install "$@"
}
install () { fetch "$@" && inside apt-get -qq -y --no-install-recommends --no-download install "$@"; }
ok "what is needed for a look" install jq iproute2
ok "fettle and two plugins are installed" install fettle fettle-plugin-linux fettle-plugin-ilo
is "and nothing else of Fettle" "$(outside dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'fettle*' | sed -n 's/^ii *//p' | tr '\n' ' ')" \
  "fettle fettle-plugin-ilo fettle-plugin-linux "
ok "another plugin's package is at hand" fetch fettle-plugin-oa
inside env INSTALL="apt-get -qq -y --no-download install" sh /debs/tests/two-plugins >"$T/two" 2>&1
is "the packages' own test" "$?" 0
sed 's/^/# /' "$T/two"
like "the workers' user is there" "$(outside getent passwd fettle-worker)" '^fettle-worker:'
is "configuration, rotation, completions" "$(outside sh -c 'ls /etc/fettle/fettle.conf /etc/logrotate.d/fettle \
  /usr/share/bash-completion/completions/fettle /usr/share/zsh/vendor-completions/_fettle /usr/share/fish/vendor_completions.d/fettle.fish' | wc -l)" 5
is "the state's folder is root's alone" "$(outside stat -c '%a %U' /var/lib/fettle)" "700 root"
ok "systemd takes the units" inside sh -c 'systemd-analyze verify --man=no /lib/systemd/system/fettled.service /lib/systemd/system/fettled.socket 2>&1 | grep -i fettle && exit 1; :'
if command -v logrotate >/dev/null; then
  ok "logrotate takes its file" sh -c 'logrotate -d -s "$1" "$2" 2>&1 | tee /dev/stderr | grep -q "rotating pattern: /var/lib/fettle/fettled.log" &&
    ! logrotate -d -s "$1" "$2" 2>&1 | grep -i error' - "$T/rotate" "$root/etc/logrotate.d/fettle"
else skip "logrotate takes its file" "no logrotate"; fi
if command -v firewall-offline-cmd >/dev/null; then
  mkdir -p "$T/fw/services"; cp /etc/firewalld/firewalld.conf "$T/fw/"; cp "$root"/usr/lib/firewalld/services/fettle*.xml "$T/fw/services/"
  ok "firewalld takes the services" firewall-offline-cmd --system-config "$T/fw" --check-config
  is "with these ports" "$(for s in fettle fettle-api; do firewall-offline-cmd --system-config "$T/fw" --info-service=$s 2>&1 | sed -n 's/^ *ports: //p'; done | tr '\n' ';')" \
    "63001/tcp 63002/tcp;63002/tcp;"
else skip "firewalld takes the services" "no firewalld"; fi
ok "the SDK" install fettle-dev gcc libc6-dev pkg-config
inside sh /debs/tests/a-plugin >"$T/a" 2>&1
is "the SDK's test" "$? $(grep -c '^ok' "$T/a")" "0 1"
sed 's/^/# /' "$T/a"
ok "all plugins" install fettle-plugins-all fettle-gate fettle-doc
is "are there" "$(inside fettle plugin list --format csv | sed 1d | cut -d, -f1 | sort -u | tr '\n' ' ')" \
  "$(sed -n 's/^Package: fettle-plugin-//p' "$P/debian/control" | sort | tr '\n' ' ')"
# shellcheck disable=SC2016
ok "all of it is taken away, a service that runs is ended" inside sh -c 'fettle --quiet service start >/dev/null &&
  pid=$(sed -n "s/.*\"pid\": *\([0-9]*\).*/\1/p" /var/lib/fettle/service.json) && readlink "/proc/$pid/exe" &&
  apt-get -qq -y purge "fettle*" && ! readlink "/proc/$pid/exe"'
is "without a trace" "$(outside find /etc /usr /lib /var /opt /root -name '*fettle*' ! -path '*/apt/*' ! -path '*/deb-systemd-helper*')" ""
figure "install, tests, removal"

# ---- Plugins linked in, and no folder of them.
bash "$srcdir/packages/preload.sh" >"$T/preload" 2>&1
is "a build with plugins linked in works the same" "$?" 0
sed 's/^/# /' "$T/preload"; figure "that build and its look"

# ---- rpm
rpm_build () {
  [ -e "$W/rpm/built" ] && return
  mkdir -p "$W/rpm/SOURCES"; cp "$archive" "$W/rpm/SOURCES/"
  rpmbuild -bb --nodeps --define "_topdir $W/rpm" --define "debug_package %{nil}" "$P/rpm/fettle.spec" >"$W/rpm.log" 2>&1 || { tail -n 20 "$W/rpm.log"; return 1; }
  touch "$W/rpm/built"
}
ok "the rpms are built" rpm_build; figure "the rpms"
is "the same split" "$(rpm -qp --qf '%{name}\n' "$W"/rpm/RPMS/*/*.rpm 2>/dev/null | sed 's/-devel$/-dev/' | sort)" \
  "$(sed -n 's/^Package: //p' "$P/debian/control" | sort)"
rpm_of () { echo "$W"/rpm/RPMS/*/"$1-$version"-*.rpm; }
# Files but for documents, with Debian's folders; without what tells one compression from none.
rpm_files () { rpm -qlvp "$(rpm_of "$1")" 2>/dev/null | awk '!/^d/ { print $9 }' | grep -v '/\.build-id/' |
  sed "s,^/usr/lib64/,/usr/lib/$multiarch/,; s,^/usr/lib/systemd,/lib/systemd,; s,/site-functions/,/vendor-completions/,"; }
deb_files () { dpkg-deb -c "$W"/one/"$1"_*.deb | awk '!/^d/ { print $6 }' | sed 's/^\.//'; }
normal () { grep -v '^/usr/share/\(doc\|licenses\|lintian\|doc-base\)/' | sed 's/\.gz$//' | sort; }
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
for p in $(sed -n 's/^Package: //p' "$P/debian/control"); do
  is "$p: the same files" "$(rpm_files "$(echo "$p" | sed 's/-dev$/-devel/')" | normal)" "$(deb_files "$p" | normal)"
done
put () { for p; do set -- "$@" "$(rpm_of "$p")"; shift; done; rpm --root "$root" --nodeps -i "$@"; }
ok "fettle and two plugins are installed by rpm" put fettle fettle-plugin-linux fettle-plugin-ilo
inside sh /debs/tests/two-plugins >"$T/two" 2>&1
is "Debian's test of that passes with them" "$?" 0
sed 's/^/# /' "$T/two"
ok "others" put $(sed -n 's/^Package: //p' "$P/debian/control" | grep -v -e '^fettle$' -e 'plugin-linux' -e 'plugin-ilo' | sed 's/-dev$/-devel/')
is "are there" "$(inside fettle plugin list --format csv | sed 1d | cut -d, -f1 | sort -u | tr '\n' ' ')" \
  "$(sed -n 's/^Package: fettle-plugin-//p' "$P/debian/control" | sort | tr '\n' ' ')"
is "nothing of it is anyone's but root's, or writable for others" "$(rpm -qlvp "$W"/rpm/RPMS/*/*.rpm 2>/dev/null | awk '/^[-d]/ && ($3 != "root" || $4 != "root" || $1 ~ /^.....w|^........w/)')" ""
ok "all of it is taken away" sh -c 'rpm --root "$1" -qa "fettle*" | xargs rpm --root "$1" -e' - "$root"
is "without a trace" "$(outside find /etc /usr /lib /opt -name '*fettle*' ! -path '*/apt/*')" ""
figure "rpms installed, removed"
done_testing
