# firewall.sh - the node's own firewall, opened for our address and closed again.
#
# Sent to `sh -s` as root, with these before it: $M (a word that nobody can
# guess, which begins each line of the answer), $VERB (open or restore), $TAG
# (names what is opened), $F (4 or 6), and for "open" $US (our address, as the
# node sees it), $IN and $OUT ("tcp:8080 udp:161-162": ports here, and at us)
# and $LIFE (seconds after which it ends by itself); for "restore" $WAS ("BOOT
# SUM", as "open" said).
#
# An accept in one chain never overrides a drop in another: so a rule goes to
# the top of each chain that filters, whoever made it.  Nothing is written to
# the node's disk.  Our rules carry the comment "fettle:TAG:RUN"; firewalld's
# have no comments, there an unlikely priority says that they are ours.
#
# SPDX-License-Identifier: Apache-2.0
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
T='	'

say () { printf '%s %s\n' "$M" "$*"; }
have () { command -v "$1" >/dev/null 2>&1; }
first () { printf '%s\n' "$1" | head -n 1 | cut -c 1-300; }

mine=fettle:$TAG:
now=$(date +%s)
run=$now-$$
sum=$(printf %s "$TAG" | cksum)
sum=${sum%% *}
set_prefix=fettle_${sum}_
set_name=$set_prefix${now}_$$
priority=-$((31000 + sum % 500 * 2))
if [ "$F" = 6 ]; then family=ip6 type=ipv6_addr fw=ipv6 ipt=ip6tables names=/proc/net/ip6_tables_names
else family=ip type=ipv4_addr fw=ipv4 ipt=iptables names=/proc/net/ip_tables_names
fi
skip=   # tables that nft leaves alone: another tool takes care of them
opened= # what was
guard=  # does a rule need somebody to remove it in time?

boot () {
  id=none
  read -r id </proc/sys/kernel/random/boot_id
  echo "$id"
} 2>/dev/null

# Each port, by a function with: its side here (in or out), protocol, ports.
each_row () {
  for row in $IN; do "$1" in "${row%%:*}" "${row#*:}"; done
  for row in $OUT; do "$1" out "${row%%:*}" "${row#*:}"; done
}

# ---- nftables: the address is in a set of ours, from which the kernel removes it in time

# Without elements, which may be many and change by themselves, and counters.
nft_list () {
  nft "$@" -s -t list ruleset 2>/dev/null || nft "$@" -s list ruleset 2>/dev/null ||
    nft "$@" list ruleset 2>/dev/null
}

nft_row () { # lines "CHAIN RULE"; answers need rules where nobody lets in all of them
  if [ "$1" = in ]; then
    echo "input $family saddr @$set_name $2 dport $3 accept"
    echo "output $family daddr @$set_name $2 sport $3 ct state established accept"
  else
    echo "output $family daddr @$set_name $2 dport $3 accept"
    echo "input $family saddr @$set_name $2 sport $3 ct state established accept"
  fi
}

# One transaction: the new rules, if any, and the end of the old ones.
nft_batch () { # rules
  nft_list -a | awk -v verb="$VERB" -v rules="$(printf '%s' "$1" | tr '\n' ';')" -v mine="$mine" -v run="$run" \
    -v prefix="$set_prefix" -v set="$set_name" -v skip=" $skip " -v family="$family" -v type="$type" \
    -v us="$US" -v life="$LIFE" '
    function theirs () { # chains of iptables, tables of firewalld
      return index (skip, " " fam "/" table " ") && (table != "filter" || chain ~ /^[A-Z]+$/)
    }
    function word (name) { return name ~ /^[A-Za-z_][A-Za-z0-9_.\/-]*$/ }
    function open_chain (  n, i, rule) {
      if (!((fam, table) in sets)) {
        sets[fam, table] = 1
        print "add set " fam " " table " " set " { type " type "; flags timeout; }"
        print "add element " fam " " table " " set " { " us " timeout " life "s }"
      }
      n = split (rules, rule, ";")
      for (i = 1; i <= n; i++)
        if (index (rule[i], hook " ") == 1)
          print "insert rule " fam " " table " " chain " " substr (rule[i], length (hook) + 2) " comment \"" mine run "\""
    }
    /^table / { fam = $2; table = $3; owned = 0 }
    /^\tflags .*owner/ { owned = 1 }
    /^\tset / && index ($2, prefix) == 1 { old_sets = old_sets "delete set " fam " " table " " $2 "\n" }
    /^\tchain / { chain = $2; hook = ""; filters = 0; next }
    /^\t\ttype filter hook (input|output) / { hook = $4; filters = /policy drop/; next }
    /^\t\ttype / { next }
    /^\t\t/ && chain != "" && !index ($0, mine) { filters = 1 }
    /^\t\t/ && chain != "" && index ($0, mine) && !theirs () {
      old = old "delete rule " fam " " table " " chain " handle " $NF "\n"
    }
    /^\t}/ {
      if (verb == "open" && chain != "" && hook != "" && filters && (fam == family || fam == "inet") &&
          !theirs () && word (table) && word (chain)) {
        if (owned) print "owned " fam " " table
        else open_chain ()
      }
      chain = ""
    }
    END { printf "%s%s", old, old_sets }'
}

nft_apply () {
  have nft || return 0
  for try in 1 2 3; do # somebody may have changed it since it was listed
    batch=$(nft_batch "$1")
    owned=$(printf '%s\n' "$batch" | sed -n 's/^owned //p' | sort -u)
    batch=$(printf '%s\n' "$batch" | grep -v '^owned ')
    [ -n "$batch" ] || break
    reason=$(printf '%s\n' "$batch" | nft -f - 2>&1) && break
    [ "$try" = 3 ] && say warn "nft refuses: $(first "$reason")"
  done
  if [ -n "$owned" ]; then say warn "table $(first "$owned") belongs to a program that lets nobody else change it"; fi
  case $batch in *"insert rule"*) opened="$opened nftables" ;; esac
}

# ---- iptables, of either kind; what ufw makes is that, too

# "FUNCTION" for each one whose filter table is there; $program and $saved are set.
ipt_each () {
  for kind in legacy nft; do
    program=
    if have "$ipt-$kind"; then program=$ipt-$kind
    elif have "$ipt"; then
      case $kind-$("$ipt" -V 2>/dev/null) in
        nft-*nf_tables*) program=$ipt ;;
        nft-* | legacy-*nf_tables*) ;;
        *) program=$ipt ;;
      esac
    fi
    [ -n "$program" ] || continue
    # To ask the legacy one would make the table.
    [ "$kind" = nft ] || grep -qx filter "$names" 2>/dev/null || continue
    saved=$("$program-save" -t filter 2>/dev/null | grep '^[:*-]')
    case $saved in
      *:INPUT_ZONES*) continue ;; # firewalld's
      "*filter"*) ;;
      *) continue ;;
    esac
    [ "$kind" = legacy ] || skip="$skip $family/filter"
    "$1"
  done
}

ipt_filters () { # chain
  printf '%s\n' "$saved" | grep -vF "$mine" | grep -q "^:$1 DROP\|^-A $1 "
}

ipt_row () {
  ports=$(printf '%s\n' "$3" | tr - :)
  if [ "$1" = in ]; then
    echo "INPUT -s $US -p $2 --dport $ports"
    echo "OUTPUT -d $US -p $2 --sport $ports -m conntrack --ctstate ESTABLISHED"
  else
    echo "OUTPUT -d $US -p $2 --dport $ports"
    echo "INPUT -s $US -p $2 --sport $ports -m conntrack --ctstate ESTABLISHED"
  fi
}

ipt_insert () { # CHAIN MATCHES...
  for until in "$ends" ''; do
    reason=$("$program" -w -I "$@" $until -m comment --comment "$mine$run" -j ACCEPT 2>&1) || continue
    opened="$opened $program"
    [ -n "$until" ] || guard=yes
    return 0
  done
  say warn "$program refuses: $(first "$reason")"
}

ipt_open () {
  ends=$(date -u -d "@$((now + LIFE))" +%Y-%m-%dT%H:%M:%S 2>/dev/null) && ends="-m time --datestop $ends"
  while read -r chain row; do
    if [ -n "$chain" ] && ipt_filters "$chain"; then ipt_insert "$chain" $row; fi
  done <<ROWS
$(each_row ipt_row)
ROWS
  ipt_remove_but "$mine$run"
}

# Of ours, those whose comment isn't this one.
ipt_remove_but () {
  "$program" -w -S 2>/dev/null | grep -F "$mine" | grep -vF "$1" | sed 's/^-A /-D /' |
    while read -r rule; do printf '%s\n' "$rule" | xargs "$program" -w; done
}

ipt_remove () { ipt_remove_but "no comment"; }
ipt_skip () { :; }

# Where iptables can't tell the time, a process waits; it ends soon after the rules.
ipt_guard () {
  trap '' HUP
  while [ "$(date +%s)" -lt "$((now + LIFE))" ]; do
    sleep $((LIFE < 20 ? LIFE : 20))
    guarded=
    ipt_each ipt_is_guarded
    [ -n "$guarded" ] || exit 0
  done
  mine=$mine$run
  ipt_each ipt_remove
}
ipt_is_guarded () { case $saved in *"$mine$run"*) guarded=yes ;; esac; }

# ---- firewalld: rich rules that its daemon removes in time

fw_zones= fw_policies= fw_default=
fw_look () {
  fw_running=
  have firewall-cmd && firewall-cmd --state >/dev/null 2>&1 || return 0
  fw_running=yes
  skip="$skip inet/firewalld ip/firewalld ip6/firewalld"
  fw_zones=$(firewall-cmd --list-all-zones 2>/dev/null)
  fw_policies=$(firewall-cmd --list-all-policies 2>/dev/null)
  fw_default=$(firewall-cmd --get-default-zone 2>/dev/null)
}

# Where rules are needed: "in|out zone|policy NAME"; where ours are: "old
# zone|policy NAME RULE"; what is open for all: "port NAME 8080/tcp".
fw_places () {
  printf '%s\n' "$fw_zones" | awk -v default="$fw_default" -v mine="priority=\"$priority\"" -v other="priority=\"$((priority - 1))\"" '
    /^[^ \t]/ { name = $1; live = /active/ || name == default }
    /^  target: / && live && $2 != "ACCEPT" { print "in zone " name }
    /^  ports: / { for (i = 2; i <= NF; i++) print "port " name " " $i }
    /^\trule / && (index ($0, mine) || index ($0, other)) { sub (/^\t/, ""); print "old zone " name " " $0 }'
  printf '%s\n' "$fw_policies" | awk -v mine="priority=\"$priority\"" -v other="priority=\"$((priority - 1))\"" '
    function done () {
      if (name != "" && live && filters && from ~ / HOST( |$)/) print "out policy " name
      if (name != "" && live && filters && to ~ / HOST( |$)/) print "in policy " name
    }
    /^[^ \t]/ { done (); name = $1; live = /active/; filters = 0; from = to = "" }
    /^  target: (DROP|REJECT)/ { filters = 1 }
    /^  ingress-zones: / { from = $0 }
    /^  egress-zones: / { to = $0 }
    /^\trule / && (index ($0, mine) || index ($0, other)) { line = $0; sub (/^\t/, "", line); print "old policy " name " " line; next }
    /^\trule .*(drop|reject)/ { filters = 1 }
    END { done () }'
}

fw_row () { # in or out, protocol, ports
  if [ "$1" = in ]; then side=source; else side=destination; fi
  printf '%s\n' "$places" | while read -r way what name; do
    [ "$way" = "$1" ] || continue
    printf '%s\n' "$places" | grep -qxF "port $name $3/$2" && continue
    reason=$(firewall-cmd "--$what=$name" --timeout="$LIFE" \
      --add-rich-rule="rule priority=\"$new\" family=\"$fw\" $side address=\"$US\" port port=\"$3\" protocol=\"$2\" accept" 2>&1) ||
      { say warn "firewalld refuses: $(first "$reason")"; continue; }
    say opened firewalld
  done
}

fw_remove () { # the old ones in $places
  printf '%s\n' "$places" | while read -r way what name rule; do
    [ "$way" = old ] || continue
    firewall-cmd "--$what=$name" --remove-rich-rule="$rule" >/dev/null 2>&1
  done
}

fw_open () {
  [ -n "$fw_running" ] || return 0
  places=$(fw_places)
  new=$priority # a rule that is there can't be given more time: another one, then
  case $places in *"priority=\"$priority\""*) new=$((priority - 1)) ;; esac
  each_row fw_row
  fw_remove
}

fw_restore () {
  [ -n "$fw_running" ] || return 0
  places=$(fw_places)
  fw_remove
}

# ---- the whole

# All rules but ours: the same before and after.
state () {
  if have nft; then
    nft_list | awk -v mine="$mine" -v prefix="$set_prefix" -v skip=" $skip " '
      /^table / { out = index (skip, " " $2 "/" $3 " ") }
      /^\tset / { if (index ($2, prefix) == 1) within = 1 }
      !out && !within && !index ($0, mine) && !/^$/
      /^\t}/ { within = 0 }'
  fi
  ipt_each ipt_state
  if [ -n "$fw_running" ]; then
    printf '%s\n' "$fw_zones$fw_policies" | grep -v "priority=\"$priority\"\|priority=\"$((priority - 1))\""
  fi
}
ipt_state () { printf '%s\n' "$saved" | grep -vF "$mine" | sed 's/ \[[0-9]*:[0-9]*\]$//'; }

digest () { state | cksum | tr ' ' -; }

open () {
  fw_look
  ipt_each ipt_skip
  was=$(digest)
  fw_open
  ipt_each ipt_open
  nft_apply "$(each_row nft_row)"
  for one in $(printf '%s\n' $opened | sort -u); do say opened "$one"; done
  if [ -n "$guard" ]; then (ipt_guard) </dev/null >/dev/null 2>&1 & fi
  say former "$(boot) $was"
}

restore () {
  fw_look
  fw_restore
  ipt_each ipt_remove
  nft_apply ''
  [ -z "$fw_running" ] || fw_look
  if [ "${WAS%% *}" != "$(boot)" ]; then say went
  elif [ "${WAS#* }" = "$(digest)" ]; then say same
  else say changed
  fi
}

case $VERB in
  open) open ;;
  restore) restore ;;
esac </dev/null
say end
