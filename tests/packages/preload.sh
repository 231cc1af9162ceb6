# preload.sh - programs with plugins linked in, and no plugin folder: a list, the
# ports, an inventory.  The programs are of a build --with-preload="linux ilo".
#   FETTLE_PRELOADED=BUILD   that build; without it one is made, which takes minutes
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires jq openssl python3
chmod 755 "$T"
B=${FETTLE_PRELOADED-$T/build}
make_it () {
  [ -x "$B/core/fettle" ] && return
  mkdir -p "$B" && cd "$B" && "$srcdir/../configure" -q --with-preload="linux ilo" --disable-windows --disable-vmware --disable-oa \
    --disable-superdome --with-plugindir=/nowhere CC="${CC-gcc}" >"$T/configure.log" 2>&1 &&
    for d in sdk plugins core; do make -s -j"$(nproc)" -C $d || break; done >"$T/make.log" 2>&1 && [ -x core/fettled ] || { tail -n 5 "$T"/*.log; return 1; }
}
ok "a build with two plugins linked in" make_it
export PATH=$B/core:$PATH FETTLE_LIBEXECDIR=$B/core
unset FETTLE_PLUGINDIR
is "just these are there, of no file" "$(fettle plugin list --plugindir /nowhere --format csv | sed 1d | awk -F, '{ print $1, $NF }' | sort -u)" \
  "ilo linked in
linux linked in"
is "just their ports" "$(fettle ports --plugindir /nowhere --format csv | sed 1d | cut -d, -f2 | tr -d '"' | head -n 1)" Linux
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/key" -out "$T/cert" -days 2 -subj /CN=bmc 2>/dev/null
echo ilo6 >"$T/bmc.how"
python3 "$srcdir/sim/bmc" "$T/cert" "$T/key" "$T/bmc" 2>"$T/bmc.err" & at_exit "kill $! 2>/dev/null"
soon test -s "$T/bmc" >/dev/null
export FETTLE_STATE_DIR=$T/state
ok "the service starts without a folder of plugins" start "$T/state" --plugindir /nowhere --port "$(free_port)" --ssl-port "$(free_port)"
echo secret >"$T/password"
ok "a node" fettle --quiet node add 127.0.0.1 --name b --type ilo --user admin --password-file "$T/password" --setting https_port="$(cat "$T/bmc")"
ok "is inventoried" fettle --quiet inventory b
like "by a worker that has the plugin in it" "$(fettle node items b --format json | jq -r '.items[].name' | tr '\n' ' ')" 'iLO 6'
fettle node add 127.0.0.2 --name o --type oa --user admin >"$T/out" 2>&1
is "what isn't linked in isn't there" "$(grep -c 'there is no node type oa' "$T/out")" 1
ok "the service ends" fettle service stop
done_testing
