# firewall-plan.sh - fettle firewall plan: of nodes in a list, and of the service's.
# Plugins: linux ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"

export FETTLE_STATE_DIR="$T/state" HOME="$T" XDG_CONFIG_HOME="$T/config"

plan () { fettle firewall plan "$@" 2>"$T/err"; }

printf '127.0.0.1,linux,web1\n127.0.0.2,linux\n' >"$T/linux"
like "Linux alone needs no listener" "$(plan --nodes "$T/linux")" \
  '^Listeners needed: none: no node connects to this host$'
is "a rule here, on the node, in between" "$(printf '127.0.0.2 linux\n' | plan --nodes - --format csv)" \
  'place,direction,protocol,ports,from,to,optional,phases,node,type,purpose
here,out,tcp,22,127.0.0.1,127.0.0.2,no,inventory deployment,127.0.0.2,linux,"SSH: commands, files"
node,in,tcp,22,127.0.0.1,127.0.0.2,no,inventory deployment,127.0.0.2,linux,"SSH: commands, files"
between,forward,tcp,22,127.0.0.1,127.0.0.2,no,inventory deployment,127.0.0.2,linux,"SSH: commands, files"'
like "neighbours are one range" \
  "$(printf '127.0.0.%s,linux\n' 9 2 3 4 | plan --nodes -)" '^ +to +127\.0\.0\.2-127\.0\.0\.4 127\.0\.0\.9$'

printf 'name,address,user,type,ssh_port\nweb1,127.0.0.1,root,linux,2222\nilo1,127.0.0.3,,ilo,\n' >"$T/mixed"
like "a node's SSH port moves its rule" "$(plan --nodes "$T/mixed" --format csv)" \
  '^here,out,tcp,2222,127\.0\.0\.1,127\.0\.0\.1,no,inventory deployment,web1,linux,'
like "in the short form, too" "$(echo 127.0.0.1,linux,web1,ssh_port=2222 | plan --nodes - --format csv)" \
  '^node,in,tcp,2222,'
like "an iLO needs the HTTP listener in deployment" "$(plan --nodes "$T/mixed" --port 8080)" \
  '^Listeners needed: HTTP on 8080$'
like "with a hole here" "$(plan --nodes "$T/mixed" --format csv --phase deployment)" \
  '^here,in,tcp,63001,127\.0\.0\.3,127\.0\.0\.1,no,deployment,ilo1,ilo,'
like "and none in inventory" "$(plan --nodes "$T/mixed" --phase inventory)" '^Listeners needed: none'
is "as JSON" "$(plan --nodes "$T/linux" --format json | tr -d '\n ' | cut -c1-64)" \
  '{"nodes":2,"phases":["inventory","deployment"],"listeners":[],"r'

wrong () { # what, lines, regex
  printf "$2" | fettle firewall plan --nodes - >"$T/out" 2>"$T/err"
  is "$1: exit code" "$?" 254
  like "$1" "$(cat "$T/err")" "$3"
}
wrong "a wrong type is named with its line" '127.0.0.1,linux\n\n# x\n127.0.0.2,lnux\n' \
  '^fettle: standard input:4: there is no node type "lnux"; did you mean "linux"\?$'
wrong "so is a missing type" '127.0.0.1\n' '^fettle: standard input:1: it lacks its type'
wrong "and a wrong setting" '127.0.0.1,linux,a,ssh_prt=22\n' \
  'input:1: the node type linux has no setting "ssh_prt"; did you mean "ssh_port"\?$'
wrong "and a wrong port" '127.0.0.1,linux,a,ssh_port=0\n' 'ssh_port is a port from 1 to 65535, not "0"$'
wrong "and an address that can't be" '300.0.0.1x,linux\n' 'standard input:1: the address of "300.0.0.1x"'
fettle firewall plan --nodes "$T/none" >"$T/out" 2>"$T/err"
is "a file that isn't there: exit code" "$?" 254
like "a file that isn't there" "$(cat "$T/err")" "^fettle: reading $T/none: No such file"

# ---- The same of the service's nodes.

http=$(free_port) https=$(free_port)
ok "a service starts" start "$T/state" --port "$http" --ssl-port "$https"
fettle -q node add 127.0.0.9 --name n9 --type linux --user root --ssh-port 2222 >"$T/out" 2>&1
fettle -q node add 127.0.0.8 --name n8 --type ilo --user root >"$T/out" 2>&1
fettle -q node add 127.0.0.7 --name n7 --user root >"$T/out" 2>&1
is "all: ports as the nodes' settings move them" \
  "$(plan --nodes all --phase inventory --format csv | awk -F, '$1 == "here" {print $9, $4}' | sort | tr '\n' ' ')" \
  "n8 22 n8 443 n8 80 n9 2222 "
like "all: a node of unknown type is left out, and that is said" "$(cat "$T/err")" \
  '^fettle: left out: 1 node whose type isn.t known yet'
like "all: listeners as the service has them" "$(plan --nodes all)" "^Listeners needed: HTTP on $http\$"
ok "the service ends" fettle -q service stop
done_testing
