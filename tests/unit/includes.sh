# includes.sh - arrows go down only: which folder may include which (HACKING.md).
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"

top=$srcdir/..

allowed () { # folder of core -> folders whose headers it may include
  case $1 in
    util)      echo util ;;
    model)     echo model util ;;
    ports)     echo ports model util ;;
    plugin)    echo plugin ports model util ;;
    store)     echo store ports model util ;;
    serve)     echo serve ports model util ;;
    check)     echo check ports model util ;;
    report)    echo report ports model util ;;
    engine)    echo engine sign check plugin serve store report firewall ports model util ;;
    service)   echo service engine plugin serve store report firewall ports model util ;;
    transport) echo transport util ;;
    worker)    echo worker transport plugin ports model util ;;
    sign)      echo sign util ;;
    baseline)  echo baseline sign model util ;;
    firewall)  echo firewall ports util ;;
    gate)      echo gate firewall/gate-protocol.h ;; # its own licence: see gate/base.h
    cli)       echo cli sign plugin firewall ports model util ;;
    *)         echo "unknown folder: say in tests/unit/includes.sh what it may include" ;;
  esac
}

includes () { # file -> "file: what stands behind #include", quotes and brackets kept
  sed -n 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"][^>"]*\).*|\1|p' "$1"
}

for path in "$top"/core/*/; do
  folder=$(basename "$path")
  may=$(allowed "$folder")
  bad=
  for f in "$path"*.[ch]; do
    [ -e "$f" ] || continue
    for i in $(includes "$f" | sed -n 's|^"||p'); do
      case " $may " in *" ${i%%/*} "*|*" $i "*) ;; *) bad="$bad $folder/$(basename "$f"):$i" ;; esac
    done
  done
  is "core/$folder includes $may alone" "$bad" ""
done

bad=
for f in "$top"/core/*/*.c; do
  case $f in
    */core/gate/*) [ "$(includes "$f" | head -n 1)" = '"gate/base.h' ] ;;
    *)             [ "$(includes "$f" | head -n 1)" = '"util/base.h' ] ;;
  esac || bad="$bad $f"
done
is "each .c file of the core begins with util/base.h" "$bad" ""

bad=
for f in "$top"/plugins/*/*.[ch]; do
  for i in $(includes "$f"); do
    case $i in
      '<fettle/'*) [ -e "$top/sdk/include/${i#<}" ] || [ -e "$top/sdk/lib/${i#<}" ] || bad="$bad $f:$i" ;;
      '<'*)        ;;
      *)           [ -e "$(dirname "$f")/${i#\"}" ] && case $i in */*) false ;; esac || bad="$bad $f:$i" ;;
    esac
  done
done
is "plugins include the SDK and their own folder alone" "$bad" ""

bad=
for f in "$top"/sdk/include/fettle/*.h; do
  for i in $(includes "$f"); do
    case $i in '<fettle/'*|'<std'*|'<string.h') ;; *) bad="$bad $f:$i" ;; esac
  done
done
is "the SDK's headers include the standard library and each other alone" "$bad" ""
done_testing
