#!/bin/sh
# command-pages.sh - a manual page for each command, out of fettle(1), which has
# them all: so that they can't differ.
#   command-pages.sh FETTLE.1 FOLDER COMMAND...
# SPDX-License-Identifier: Apache-2.0
set -eu
page=$1 folder=$2; shift 2
for command; do
  upper=$(echo "$command" | tr 'a-z' 'A-Z')
  {
    echo ".\\\" fettle-$command.1 - made of fettle.1 by command-pages.sh."
    echo ".\\\" SPDX-License-Identifier: Apache-2.0"
    sed -n 's/^\.Dd /.Dd /p' "$page"
    printf '.Dt FETTLE-%s 1\n.Os\n.Sh NAME\n.Nm fettle-%s\n' "$upper" "$command"
    case $command in
      node) echo ".Nd the nodes of the fleet" ;;
      group) echo ".Nd nodes together" ;;
      baseline) echo ".Nd what nodes are to be brought to" ;;
      snapshot) echo ".Nd what was on nodes, to come back to" ;;
      job) echo ".Nd deployments that wait" ;;
      firewall) echo ".Nd what nodes need of firewalls, and this host's" ;;
      plugin) echo ".Nd kinds of nodes" ;;
      audit) echo ".Nd who changed what" ;;
      token) echo ".Nd who may use the API" ;;
      service) echo ".Nd the service" ;;
      config) echo ".Nd the settings" ;;
      *) echo ".Nd the command $command of fettle" ;;
    esac
    echo ".Sh SYNOPSIS"
    sed -n "s/^\.Ss \($command\( .*\)\{0,1\}\)\$/.Nm fettle Cm \1 Oo Ar option ... Oc Oo Ar word ... Oc/p" "$page"
    echo ".Sh DESCRIPTION"
    awk -v c="$command" '
      /^\.S[sh] /  { mine = $1 == ".Ss" && $2 == c; if (mine && NF > 2) print; next }
      mine         { print }' "$page" | sed 's/^\.Nm$/.Nm fettle/; s/^\.Nm \([.,;:)]\)/.Nm fettle \1/'
    sed -n '/^\.Sh OPTIONS OF EVERY COMMAND/,/^\.Sh COMMANDS/p' "$page" | sed '$d; s/^\.Nm$/.Nm fettle/'
    printf '.Sh NETWORK PORTS\nNone but the service'"'"'s:\n.Cm ssl_port ,\ninitially 63002, on this host.\n'
    sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p' "$page" | sed '$d'
    printf '.Sh SEE ALSO\n.Xr fettle 1 ,\n.Xr fettle-errors 7 ,\n.Xr fettle-guide 7 ,\n.Xr fettled 8\n'
  } >"$folder/fettle-$command.1-t"
  mv "$folder/fettle-$command.1-t" "$folder/fettle-$command.1"
done
