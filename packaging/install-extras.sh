#!/bin/sh
# install-extras.sh DESTDIR PLUGINDIR SYSCONFDIR FETTLE: what packages have beyond
# `make install`: completions for three shells, files for sysusers, tmpfiles, logrotate
# and firewalld, a configuration, and which package has which node type.
# Takes away what belongs into no package.  Called by debian/rules and fettle.spec.
# SPDX-License-Identifier: Apache-2.0
set -eu
here=$(cd "$(dirname "$0")" && pwd)
destdir=$1 plugindir=$2 sysconfdir=$3 fettle=$4
put () { install -D -m 644 "$1" "$destdir$2"; }

# Modules are opened by path: archives and libtool's files are for builds.
rm -f "$destdir$plugindir"/*.la "$destdir$plugindir"/*.a

put "$here/fettle.sysusers"  /usr/lib/sysusers.d/fettle.conf
put "$here/fettle.tmpfiles"  /usr/lib/tmpfiles.d/fettle.conf
put "$here/fettle.logrotate" "$sysconfdir/logrotate.d/fettle"
put "$here/fettle.conf"      "$sysconfdir/fettle/fettle.conf"
for service in "$here"/firewalld/*.xml; do
  put "$service" "/usr/lib/firewalld/services/$(basename "$service")"
done

completion () {
  mkdir -p "$(dirname "$destdir$2")"
  "$fettle" completion "$1" >"$destdir$2"
}
completion bash /usr/share/bash-completion/completions/fettle
completion zsh  /usr/share/zsh/vendor-completions/_fettle
completion fish /usr/share/fish/vendor_completions.d/fettle.fish

"$fettle" plugin list --plugindir "$destdir$plugindir" --format csv |
  awk -F, 'NR > 1 { print $3 " fettle-plugin-" $1 }' >"$destdir$plugindir/packages"
