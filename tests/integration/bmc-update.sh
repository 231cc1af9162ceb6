# bmc-update.sh - from a plan to a verified new version: emulated iLO 5 to 7, by
# pull and by push, at once and by iLO's queue.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/bmc-lib.sh"

ok "the service starts" bmc_up
ok "a baseline" firmware two t1 2.00
nodes=
for who in ilo5-old ilo5 ilo6 ilo7; do
  for way in pull push; do
    for by in flash queue; do
      bmc_settings="--setting transfer=$way --setting update_by=$by"
      bmc "$who-$way-$by" "$who"
      nodes+=${nodes:+,}$who-$way-$by
    done
  done
done
deploy "$nodes" two
for n in ${nodes//,/ }; do
  is "$n: updated, by the inventory" "$(state "$n") $(task "$n" .verified) $(found "$n") $(message "$n")" "done true 2.00 "
  is "$n: once" "$(real "$n" flashed)" '[["t1","2.00"]]'
  is "$n: nothing of ours is left" "$(real "$n" '| [.sessions, .queue, .repository]')" "[0,[],[]]"
  like "$n: so it was" "$(log "$n")" "by $(cut -d- -f"$([[ $n = ilo5-old* ]] && echo 3 || echo 2)" <<<"$n")"
done
done_testing
