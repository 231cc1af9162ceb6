# check-gate.sh - the check with fettle-gate at work and without CAP_NET_RAW:
# what arrived is known from the gate's counts.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires setpriv
[ -x "$FETTLE_LIBEXECDIR/fettle-gate" ] || skip_all "fettle-gate isn't built"
. "$srcdir/integration/check-lib.sh"

net_up good ldrop rdrop natd
for n in "${nodes[@]}"; do node_sshd "$n"; listen_at "$n" 443; done
for n in "${nodes[@]}"; do ready "$n" 22; done
server nft -f - <<N
table inet t_host { chain c { type filter hook input priority 0; policy accept
  ip saddr $(address ldrop) tcp dport 63001 drop
}; }
N
router nft -f - <<N
table inet t_fwd { chain c { type filter hook forward priority 0; policy accept
  ip saddr $(address rdrop) tcp dport 63001 drop
}; }
table ip t_nat { chain c { type nat hook postrouting priority 100
  ip saddr $(address natd) tcp dport 63001 snat to 10.81.1.99
}; }
N
server setpriv --bounding-set=-net_raw --inh-caps=-net_raw \
  fettled --state-dir "$FETTLE_STATE_DIR" --set firewall=nftables --set open_firewall=yes >"$T/log" 2>&1 &
for i in $(seq 100); do [ -e "$FETTLE_STATE_DIR/service.json" ] && break; sleep 0.1; done
for n in "${nodes[@]}"; do add_node "$n"; done

fettle check --phase inventory --format json >"$T/check.json" 2>"$T/check.err"
jq -r '.tasks[] | [.name, .title, .state, .check.verdict, .check.sentence, .check.node_says] | @tsv' "$T/check.json" | sed 's/^/# /'
is "with a hole, the way back is open" "$(verdict good from 63001)" open
is "what arrives is dropped here, behind the gate" "$(verdict ldrop from 63001)" local-drop
like "in words" "$(sentence ldrop from 63001)" "arrives, and this host's own firewall"
is "what doesn't arrive is dropped in between" "$(verdict rdrop from 63001)" between-drop
like "for certain" "$(sentence rdrop from 63001)" "nothing of it arrives"
like "who else was refused is said" "$(sentence natd from 63001)" "or it is 10.81.1.99, who was refused"
fettle check natd --phase inventory --format json >"$T/check.json" 2>"$T/check.err"
is "who comes with another address has no hole" "$(verdict natd from 63001)" nat
like "which is named" "$(sentence natd from 63001)" "10.81.1.99"
is "no hole is left" "$(fettle firewall status --format json 2>/dev/null | jq '[.. | .node? // empty] | length')" 0
[ "$tap_failed" = 0 ] || sed 's/^/# /' "$T/log"
done_testing
