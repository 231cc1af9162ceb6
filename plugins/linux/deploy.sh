# deploy.sh - the node's side of a deployment: one run folder for each task.
#
# Sent to `sh -s` as root, with these before it: $M (a word that nobody can
# guess, which begins each line of the answer), $B (the work folder), $D (the
# run folder in it), $VERB, and for "start" $SUMS ("SHA256 NAME" lines), $WAIT
# (seconds) and the function `runner`, which prints runner.sh.
#
# In the run folder: the files; `runner`; `claimed`, made by the runner that
# does the work, with its process id; `log`; `step`; then `rc` and `why`.
# `abandoned` tells the runner to remove the folder when it ends.
#
# SPDX-License-Identifier: Apache-2.0
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
umask 077

say () { printf '%s %s\n' "$M" "$*"; }
have () { command -v "$1" >/dev/null 2>&1; }

# /var/tmp is everybody's: a folder there is ours only if it is root's and no link.
ours () { [ ! -L "$1" ] && [ -d "$1" ] && [ -O "$1" ]; }

make_folder () {
  ours "$1" && return
  if [ -e "$1" ] || [ -L "$1" ]; then
    say refused "$1 is there already and isn't a folder of root's: look who made it, and remove it"
    return 1
  fi
  reason=$(mkdir "$1" 2>&1) && return
  say refused "${reason#mkdir: }"
  return 1
}

# When a process began, in the kernel's ticks: with its number its identity.
since () {
  read -r stat <"/proc/$1/stat" || return
  stat=${stat##*) }
  set -- $stat
  shift 19
  echo "$1"
} 2>/dev/null

boot () {
  id=none
  read -r id </proc/sys/kernel/random/boot_id
  echo "$id"
} 2>/dev/null

alive () {
  read -r pid began booted <"$D/claimed" || return
  if [ -d /proc/self ]; then
    [ "$booted" = "$(boot)" ] && [ "$began" = "$(since "$pid")" ]
  else
    kill -0 "$pid"
  fi
} 2>/dev/null

state () {
  if ! ours "$B" || ! ours "$D"; then echo absent
  elif [ -e "$D/rc" ]; then echo finished
  elif [ ! -e "$D/claimed" ]; then echo loaded
  elif alive; then echo running
  elif [ -e "$D/rc" ]; then echo finished
  else echo dead
  fi
}

look () {
  now=$(state)
  say state "$now"
  [ "$now" != absent ] || return 0
  for file in "$D"/*; do
    if [ -f "$file" ]; then say size "$(wc -c <"$file")" "${file##*/}"; fi
  done
  df -Pk "$D" 2>/dev/null | { read -r _; read -r _ _ _ free _; say free "$free"; }
  if read -r step 2>/dev/null <"$D/step"; then say step "$step"; fi
  if read -r pid _ 2>/dev/null <"$D/claimed"; then say pid "$pid"; fi
  [ "$now" = finished ] || [ "$now" = dead ] || return 0
  if read -r result 2>/dev/null <"$D/rc"; then say result "$result"; fi
  if read -r why 2>/dev/null <"$D/why"; then say why "$why"; fi
  say log
  # What ran when the node went down hasn't come to the log yet.
  { cat "$D/log"; [ "$now" = finished ] || cat "$D/attempt"; } 2>/dev/null | tail -c 6000 | tail -n 40
  echo
}

prepare () {
  make_folder "$B" && make_folder "$D" && look
}

sum_of () {
  if have sha256sum; then set -- $(sha256sum <"$1")
  elif have openssl; then set -- $(openssl dgst -sha256 -r <"$1")
  elif have shasum; then set -- $(shasum -a 256 <"$1")
  elif have perl; then set -- $(perl -MDigest::SHA -e 'print Digest::SHA->new(256)->addfile(*STDIN)->hexdigest' <"$1")
  else set --
  fi
  echo "${1-}"
}

verify () {
  while read -r wanted name; do
    sum=$(sum_of "$D/$name" 2>/dev/null)
    if [ "$sum" = "$wanted" ]; then continue; fi
    if [ -n "$sum" ]; then say damaged "$name"
    else say refused "the upload can't be verified: the node has none of sha256sum, openssl, shasum, perl"
    fi
    return 1
  done <<SUMS
$SUMS
SUMS
}

# It outlives this connection; that it runs once only is its own business.
launch () {
  { runner >"$D/runner.new" && mv "$D/runner.new" "$D/runner"; } 2>/dev/null ||
    { say refused "$D can't be written: is the disk full?"; return 1; }
  if have setsid; then
    setsid sh "$D/runner" >/dev/null 2>&1 &
  else
    nohup sh "$D/runner" >/dev/null 2>&1 &
  fi
}

wait_for_end () {
  left=$((WAIT * 5))
  while [ "$left" -gt 0 ]; do
    case $(state) in finished | dead | absent) return ;; esac
    if sleep 0.2 2>/dev/null; then left=$((left - 1)); else sleep 1; left=$((left - 5)); fi
  done
}

start () {
  [ "$(state)" != loaded ] || { verify && launch; } || return
  wait_for_end
  look
}

poll () { wait_for_end; look; }

# What runs is never ended from here: it may be writing flash memory.
abandon () {
  if [ "$(state)" = running ]; then : >"$D/abandoned"; fi
  poll
}

remove () {
  case $(state) in
    running) look; return ;;
    absent) ;;
    *) reason=$(rm -rf "$D" 2>&1) || say refused "$reason" ;;
  esac
  if ours "$B"; then rmdir "$B" 2>/dev/null; fi
  say state "$(state)"
}

everything () {
  if [ "$(id -u)" = 0 ]; then "$VERB"
  else say refused "this needs root: let the user be root, or give him sudo"
  fi
  say end
}

everything </dev/null
exit 0
