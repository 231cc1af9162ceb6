# bmc-lib.sh - emulated BMCs (tests/sim/bmc) as nodes of a real service, all on
# loopback addresses; sourced behind tap.sh.
#
#   bmc_up [ARG...]             the emulation, and fettled with these arguments;
#                               $bmc_more: more of the emulation's
#   bmc NAME WHO [FAULT...]     a node, which is that one (sim/bmc/__main__.py);
#                               $bmc_type (ilo), $bmc_settings of it
#   how NAME [FAULT...]         the same BMC, with these faults now
#   firmware FOLDER TARGET VERSION [SIZE] [HOW]   a baseline of that name with one image;
#                               $image_name (fw.bin), $image_match (guid:TARGET)
#   deploy NODES BASELINE [OPTION...]    after an inventory; its job is in $T/job.  NODES:
#                               names with commas between
#   state, message, found, log NAME     of the node's task in it
#   real NAME WORD              what has really happened to it: versions, flashed, ...
#
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/service-lib.sh"
requires jq openssl python3
unset http_proxy https_proxy all_proxy
export FETTLE_STATE_DIR=$T/state

bmc_n=0
bmc_how () { # FILE LINE...
  printf '%s\n' "${@:2}" >"$1.new"
  mv "$1.new" "$1"
}

bmc_up () {
  local name
  for name in cert second; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$name.key" -out "$T/$name.pem" \
      -days 2 -subj "/CN=bmc" 2>/dev/null
  done
  bmc_how "$T/bmc.how" none
  python3 "$srcdir/sim/bmc" "$T/cert.pem" "$T/cert.key" "$T/bmc" --listen 0.0.0.0 --second "$T/second.pem" "$T/second.key" \
    ${bmc_more-} 2>"$T/bmc.err" &
  at_exit "kill $! 2>/dev/null"
  soon test -s "$T/bmc" || return
  read -r bmc_port <"$T/bmc"
  start "$T/state" --port "$(free_port)" --ssl-port "$(free_port)" "$@"
}

declare -A bmc_addresses bmc_whos
bmc () { # NAME WHO [FAULT...]
  bmc_n=$((bmc_n + 1))
  bmc_addresses[$1]=127.77.$((bmc_n / 200)).$((bmc_n % 200 + 1))
  bmc_whos[$1]=$2
  how "$1" "${@:3}"
  fettle --quiet node add "${bmc_addresses[$1]}" --name "$1" --type "${bmc_type-ilo}" --user admin \
    --password-file "$T/password" --setting https_port="$bmc_port" ${bmc_settings-}
}
echo secret >"$T/password"

how () { # NAME [FAULT...]
  bmc_how "$T/bmc.how.${bmc_addresses[$1]}" "${bmc_whos[$1]}" "${@:2}"
}

firmware () { # FOLDER TARGET VERSION [SIZE] [HOW]
  make_image "$@"
  fettle --quiet baseline add "$T/$1" --name "$1" --allow-unsigned
}
make_image () { # the same, of a folder that is to have more
  mkdir -p "$T/$1"
  python3 "$srcdir/sim/bmc" image "$T/$1/${image_name-fw.bin}" "$2" "$3" "${4-2000}" ${5-}
  cat >"$T/$1/${image_name-fw.bin}.component.cfg" <<C
name = "Firmware of $2"; version = "$3"; scheme = "hpe"; format = "raw"; kind = "firmware";
match = "${image_match-guid:$2}";
C
}

deploy () { # NODES BASELINE [OPTION...]
  fettle --quiet inventory ${1//,/ } >"$T/inventory" 2>&1 || { cat "$T/inventory"; return 1; }
  fettle deploy ${1//,/ } --baseline "$2" --yes --format json "${@:3}" >"$T/job" 2>"$T/deploy.err"
}
task () { jq -r --arg n "$1" "first (.tasks[] | select (.name == \$n))$2" "$T/job"; }
state () { task "$1" .state; }
message () { task "$1" '.error.message // ""'; }
log () { task "$1" '.log[]'; }
found () { task "$1" .found; }
real () { curl -sk -m 60 --tlsv1.0 --ciphers 'ALL:@SECLEVEL=0' "https://${bmc_addresses[$1]}:$bmc_port/emulated" | jq -cr ".$2"; }
