#!/bin/bash
# What keeps a deployment from a node, or a component from being installed, and
# the options that decide: a TPM, what lacks something that it needs, what was
# changed since the last inventory.  What is claimed stands in the ledger of the
# (emulated) hardware.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
. "$srcdir/integration/rollout-lib.sh"
requires fettled curl jq pgrep

rollout_fleet 12
done_on () { sim ledger | jq -c '[.[] | select (.component == '"$1"') | .node] | unique'; } # COMPONENT: nodes
why () { f status "$job" --format json | jq -r '[.tasks[] | select (.name == "'"$1"'") | .error.message // empty] | unique[]'; }

# ---- A TPM
sim set 1 tpm 1; sim set 2 tpm 2
fresh 20
plan () { f plan --baseline one --format json "$@" | jq -r '[.nodes[].entries[] | "\(.action) \(.why // "")"] | join ("; ")'; }
like "a TPM that is on keeps firmware away" "$(plan n1)" '^blocked a TPM that is on'
like "disks that depend on it, too" "$(plan n2)" '^blocked disks are locked to this firmware'
like "not from others" "$(plan n3)" '^upgrade'
deploy --baseline one n1 n2 n3
is "a deployment to them fails in part" $? 253
job=$(last)
is "the others got it" "$(begun)" '[3]'
like "they are told of" "$(why n1)" 'TPM'
deploy --baseline one --tpm-bypass n1 n2
is "they get it where that is asked for" "$? $(begun)" '0 [1,2,3]'
sim set 1 tpm 0; sim set 2 tpm 0

# ---- What a component needs
mkdir "$F/needs" && cp "$F"/images/fw[012].bin* "$F/needs"
echo 'prerequisites = ({ match = "sim:3"; min_version = "9.0"; });' >>"$F/needs/fw1.bin.component.cfg"
ok "a baseline with a component that lacks what it needs" f baseline add "$F/needs" --name needs --allow-unsigned
fresh 20
deploy --baseline needs n0
is "initially its node gets nothing" "$? $(begun)" '253 []'
deploy --baseline needs --on-failed-dependency omit-component n0
is "without that component: the others" "$? $(done_on 0)$(done_on 1)$(done_on 2)" '253 [0][][0]'
deploy --baseline needs --on-failed-dependency force n1
is "it is tried all the same" "$? $(done_on 0)$(done_on 1)$(done_on 2)" '0 [0,1][1][0,1]'

# ---- What failed on the way
mkdir "$F/chain" && cp "$F"/images/fw[012].bin* "$F/chain"
echo 'prerequisites = ({ match = "sim:0"; min_version = "2.0"; });' >>"$F/chain/fw1.bin.component.cfg"
ok "a baseline with a component that needs another" f baseline add "$F/chain" --name chain --allow-unsigned
fresh 20
for i in 4 5 6; do rule $i 1; done
deploy --baseline chain n4
job=$(last)
is "the first one fails: the node gets no more" "$? $(begun)" '0 []'
is "which is said of each" "$(f status "$job" --format json | jq -r '[.tasks[].state] | sort | join (" ")')" "blocked failed skipped"
deploy --baseline chain --on-failed-dependency omit-component n5
job=$(last)
is "without what needs it" "$(f status "$job" --format json | jq -r '[.tasks[] | "\(.component) \(.state)"] | sort | join (", ")')" \
  "fw0.bin failed, fw1.bin blocked, fw2.bin done"
deploy --baseline chain --on-failed-dependency force n6
job=$(last)
is "all the same" "$(f status "$job" --format json | jq -r '[.tasks[] | "\(.component) \(.state)"] | sort | join (", ")')" \
  "fw0.bin failed, fw1.bin done, fw2.bin done"
is "as the hardware knows" "$(done_on 1)$(done_on 2)" '[6][5,6]'

# ---- What somebody else did meanwhile
fresh 20
uploads () { sim ledger | jq "[.[] | select (.node == $1)] | length"; }
sim flash 7 0 2; sim flash 8 0 2
before="$(uploads 7) $(uploads 8)"
deploy --baseline one n7
is "who doesn't look installs it again" "$? $(uploads 7)" "0 $((${before% *} + 1))"
deploy --baseline one --look-first n8
is "who looks first finds it done" "$? $(uploads 8)" "0 ${before#* }"
is "and says so" "$(f status last --format json | jq -c '[.tasks[] | [.state, .verified]]')" '[["done",true]]'
rollout_end
done_testing
