# bmc-negative.sh - images that no BMC may take, and orders that it must bear: the
# negative list of OCP's firmware update tests.
# Plugins: ilo
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/bmc-lib.sh"

ok "the service starts" bmc_up
ok "good images" firmware two t4 2.00
ok "an older one" firmware one t4 1.00
ok "a damaged one" firmware corrupt t4 3.00 2000 corrupt
ok "one without a signature" firmware unsigned t4 3.00 2000 unsigned
ok "a large one" firmware large t4 3.00 50000
image_match=guid:t4
ok "one for another machine" firmware wrong t99 3.00
nodes=
for n in pull push queue; do
  bmc_settings="--setting transfer=${n/queue/auto} --setting update_by=$([ $n = queue ] && echo queue || echo flash)"
  ok "a node, by $n" bmc "$n" ilo6 limit=40000
  nodes+=${nodes:+,}$n
done
# "corrupt" is damaged where its maker's digest can't see it: Fettle's own is of the file as it is.
refused () { # BASELINE MESSAGE
  deploy "$nodes" "$1"
  for n in ${nodes//,/ }; do
    is "$1, by $n: refused" "$(state "$n")" failed
    like "$1, by $n: in words" "$(message "$n")" "$2"
    is "$1, by $n: the firmware is what it was" "$(real "$n" '| [.versions.t4, .flashed, .queue, .repository, .sessions]')" \
      '["1.00",[],[],[],0]'
  done
}
refused corrupt "damaged"
refused unsigned "isn't signed"
refused wrong "isn't for this machine"
refused large "larger than it takes"
how push max=40000
deploy push large
like "a size that it tells isn't even sent" "$(message push)" "has 50[0-9]* bytes: the node takes at most 40000"

# The power goes while it is staged, and again while it is flashed.
for when in transfer flash; do
  for n in ${nodes//,/ }; do how "$n" "new=$when" limit=40000 "power=$when"; done
  deploy "$nodes" two
  for n in ${nodes//,/ }; do
    echo "# $n, power lost in $when: $(state "$n"): $(message "$n")"
    is "power lost in $when, by $n: what is said is true" "$(state "$n") $(real "$n" versions.t4)" \
      "$([ "$(state "$n")" = "done" ] && echo "done 2.00" || echo "failed 1.00")"
  done
done
for n in ${nodes//,/ }; do how "$n" new=good limit=40000; done
deploy "$nodes" two
for n in ${nodes//,/ }; do is "$n: then a good one" "$(state "$n") $(found "$n")" "done 2.00"; done
deploy "$nodes" two
is "the same image twice: nothing is to be done" "$(jq -r '.tasks | length' "$T/job")" 0
deploy "$nodes" two --rewrite
for n in ${nodes//,/ }; do is "$n: unless that is wanted" "$(state "$n") $(found "$n")" "done 2.00"; done
deploy "$nodes" one --downgrade
for n in ${nodes//,/ }; do is "$n: back" "$(state "$n") $(found "$n") $(message "$n")" "done 1.00 "; done
deploy "$nodes" two
for n in ${nodes//,/ }; do
  is "$n: and forth" "$(state "$n") $(found "$n")" "done 2.00"
  is "$n: that many times" "$(real "$n" '| .flashed | map (.[1]) | join (" ")')" "2.00 2.00 1.00 2.00"
done
done_testing
