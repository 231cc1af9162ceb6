# smartupdate: each row of its table is run, as a dry run on a real node.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/smartupdate-lib.sh"

ok "the table in docs/smartupdate.md is the program's" sh -c 'smartupdate --table >"$1/table" && sed -n "/^| parameter/,/^$/p" \
  "$2/../docs/smartupdate.md" | sed "/^$/d" | diff -u - "$1/table"' - "$T" "$srcdir"

# ---- Each row of the table
fettle service start >/dev/null 2>&1
fettle node add "$one" --name localhost --user root --key "$LAB_DIR/key" >/dev/null 2>&1
fettle node add "$two" --user root --key "$LAB_DIR/key" >/dev/null 2>&1
fettle group add all >/dev/null 2>&1; fettle group join all localhost >/dev/null 2>&1
printf 'SILENT = YES\n' >"$T/input.ini"
export HOME=$T/home
mkdir -p "$HOME/.ssh" && install -m 600 "$LAB_DIR/key" "$HOME/.ssh/id_ed25519"
value () {
  case $1 in
    @input) echo "$T/input.ini" ;; @port) echo 63001 ;; @ssl_port) echo 63002 ;;
    @baseline) echo "$T/spp2.0/packages" ;; @component) echo rom_2.0_all.deb ;;
    @bundle) echo "$T/spp2.0/packages/bp000001.xml" ;; @target) echo "$two" ;; @password) echo "$password" ;;
    @group) echo all ;; @logdir) echo "$T/logdir" ;; @reportdir) echo "$T/reportdir" ;; *) echo "$1" ;;
  esac
}
begin=$SECONDS rows=0 idle=()
: >"$T/idle.ini"; : >"$T/idle"
while IFS=$'\t' read -r name brief other keys kind place effect example; do
  rows=$((rows + 1))
  # Those without effect are run together: each must say so, once.
  if [ "$effect" = idle ]; then
    if [ "$name" = - ]; then printf '%s = YES\n' "$keys" >>"$T/idle.ini"; echo "$keys" >>"$T/idle"
    else idle+=("/$name"); [ "$kind" = flag ] || idle+=("$(value "$example")"); echo "/$name" >>"$T/idle"
    fi
    continue
  fi
  words=()
  [ "$place" = run ] || words+=(/target "$two")
  case $name in use_location) ;; *) words+=(/use_location "$T/spp2.0/packages") ;; esac
  words+=(/dryrun)
  if [ "$name" = - ]; then
    printf '%s = YES\n' "$keys" >"$T/row.ini"
    words+=(/inputfile "$T/row.ini")
  elif [ "$kind" = flag ]; then words+=("/$name")
  elif [ "$kind" = force ]; then words+=("/$name:$example")
  else words+=("/$name" "$(value "$example")")
  fi
  got=0
  smartupdate "${words[@]}" >"$T/out" 2>"$T/err" </dev/null || got=$?
  case $got in 0 | 3) got="0 or 3" ;; *) sed 's/^/# /' "$T/err" ;; esac
  is "$name $keys: runs (${words[*]})" "$got" "0 or 3"
  is "$name $keys: has an effect" "$(grep -c 'has no effect' "$T/err")" 0
done < <(smartupdate --rows)
is "/oa_username is the node's second user; the first one stays" \
  "$(fettle node show "$two" --format json | jq -c '[.user, .second_user]')" '["root","admin"]'
run 3 "all that has no effect" /target "$two" /use_location "$T/spp1.0/packages" /dryrun "${idle[@]}" /inputfile "$T/idle.ini"
is "each says so, once" "$(sed -n 's/^smartupdate: \(.*\) has no effect here: .*/\1/p' "$T/err" | sort)" "$(sort "$T/idle")"
echo "# $rows rows in $((SECONDS - begin)) s"
done_testing
