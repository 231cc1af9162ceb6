# Signed baselines from end to end: sign, trust, verify, add; what was changed,
# expired, rolled back or mixed is refused and named.  FETTLE_SEED=N repeats
# the random places.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires jq openssl curl
RANDOM=${FETTLE_SEED:=$RANDOM}
echo "# FETTLE_SEED=$FETTLE_SEED"

export FETTLE_STATE_DIR=$T/state
ports=(--port "$(free_port)" --ssl-port "$(free_port)")
fettle () { command fettle "${ports[@]}" "$@"; }
at_exit 'command fettle service stop --force >/dev/null 2>&1'

component () { # FILE VERSION
  head -c $((200 + RANDOM % 2000)) /dev/urandom >"$1"
  printf 'name = "Tool"; version = "%s"; scheme = "dotted"; format = "raw"; kind = "firmware";\nmatch = "test:tool";\n' \
    "$2" >"$1.component.cfg"
}
said () { fettle "$@" >"$T/out" 2>&1; local s=$?; cat "$T/out"; return $s; }
refused () { # what regex command...: fails, and says so
  local what=$1 regex=$2; shift 2
  said "$@" >/dev/null
  like "$what: refused" "$?" '^25[24]$'
  like "$what: named" "$(cat "$T/out")" "$regex"
}
verify () { fettle baseline verify "$T/site/" "$@"; }

for k in one two three; do
  openssl genpkey -algorithm ed25519 -out "$T/$k.key" 2>/dev/null
  openssl pkey -in "$T/$k.key" -pubout -out "$T/$k.pem"
done
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/ca.key" -out "$T/ca.pem" -subj /CN=CA -days 30 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/signer.key" -out "$T/signer.csr" \
  -subj /CN=Signer 2>/dev/null
openssl x509 -req -in "$T/signer.csr" -CA "$T/ca.pem" -CAkey "$T/ca.key" -CAcreateserial -days 20 \
  -out "$T/signer.pem" 2>/dev/null

mkdir -p "$T/site/sub"
component "$T/site/a.bin" 1.0
component "$T/site/sub/b.bin" 2.0
sed -i s/test:tool/test:other/ "$T/site/sub/b.bin.component.cfg"
echo "about it" >"$T/site/readme.txt"
cp -r "$T/site" "$T/plain"

# Plans need a node; nothing is sent to it.
ok "a node" fettle node add 192.0.2.1 --name nowhere

# ---- not signed
refused "a baseline that isn't signed" "can't be used: it isn't signed.*--allow-unsigned" \
  baseline add "$T/plain"
is "it isn't there" "$(fettle baseline list --format json | jq '.baselines | length')" 0
ok "with --allow-unsigned it is added" fettle baseline add "$T/plain" --allow-unsigned
is "the list says that it isn't signed" \
  "$(fettle baseline list --format json | jq -r '.baselines[] | "\(.signed) \(.signature.state) \(.version)"')" \
  "false unsigned null"
is "the plan says so" "$(fettle plan --format json | jq -r '.unsigned[]')" plain
ok "it is what was added" fettle baseline verify plain
echo more >>"$T/plain/a.bin"
refused "the unsigned one, changed" "it isn't what it was|problems" baseline verify plain
ok "it is removed" fettle baseline remove plain
ok "the setting allows it too" fettle baseline verify "$T/plain/" --allow-unsigned

# ---- signed
ok "it is signed" fettle baseline sign "$T/site" --key "$T/one.key"
like "baseline.json lists all other files" "$(jq -r '.files[].path' "$T/site/baseline.json" | tr '\n' ' ')" \
  '^a.bin a.bin.component.cfg readme.txt sub/b.bin sub/b.bin.component.cfg $'
is "name, version" "$(jq -r '"\(.name) \(.version)"' "$T/site/baseline.json")" "site 1"
ok "openssl alone can check the signature" openssl pkeyutl -verify -pubin -inkey "$T/one.pem" -rawin \
  -in "$T/site/baseline.json" -sigfile "$(echo "$T"/site/baseline.json.*.sig)"
refused "signed by nobody trusted" "signed by nobody who is trusted here" baseline add "$T/site"
ok "its key is trusted" fettle baseline trust "$T/one.pem"
is "the list of trusted keys has it" "$(fettle baseline trusted --format json | jq -r '.trust[0].kind')" key
ok "it is verified" verify
ok "it is added" fettle baseline add "$T/site"
is "it says who signed it" \
  "$(fettle baseline show site --format json | jq -r '"\(.signed) \(.version) \(.signature.signers[0].key)"')" \
  "true 1 $(openssl pkey -pubin -in "$T/one.pem" -outform DER | sha256sum | cut -d' ' -f1)"
like "it says who signed" "$(fettle plan --format json | jq -r '.signatures[] | "\(.state): \(.text)"')" '^signed: .* version [0-9]+, signed by .* [0-9a-f]{16}'
is "the plan has nothing unsigned" "$(fettle plan --format json | jq -r '.unsigned | length')" 0

# ---- no byte can be changed
files=("$T"/site/* "$T"/site/sub/*)
for i in $(seq 12); do
  f=${files[RANDOM % ${#files[@]}]}
  [ -f "$f" ] || continue
  size=$(stat -c %s "$f") at=$(((RANDOM * 32768 + RANDOM) % size)) name=${f#"$T"/site/}
  cp "$f" "$T/kept"
  was=$(od -An -tu1 -j "$at" -N1 "$f" | tr -d ' ')
  printf "\\x$(printf %x $(((was + 1 + RANDOM % 255) % 256)))" | dd of="$f" bs=1 seek="$at" conv=notrunc 2>/dev/null
  said baseline verify "$T/site/" >/dev/null
  is "byte $at of $name changed: refused" "$?" 254
  case $name in baseline.json*) name=baseline.json ;; esac
  like "byte $at: the file is named" "$(cat "$T/out")" "${name//./\\.}"
  cat "$T/kept" >"$f"
done
ok "all bytes are as they were: verified" verify

# ---- inside an image
if command -v xorriso >/dev/null; then
  xorriso -as mkisofs -quiet -R -o "$T/site.iso" "$T/site" 2>/dev/null
  ok "an image carries its own baseline.json" fettle baseline verify "$T/site.iso"
  printf '\x00' | dd of="$T/site.iso" bs=1 conv=notrunc \
    seek="$(grep -abo 'about it' "$T/site.iso" | head -n 1 | cut -d: -f1)" 2>/dev/null
  refused "a byte changed in the image" "readme.txt" baseline verify "$T/site.iso"
else
  skip "a signed baseline in an image" "needs xorriso"
fi

# ---- missing, mixed
mv "$T/site/readme.txt" "$T/kept"
refused "a missing file" "readme.txt is missing" baseline verify "$T/site/"
mv "$T/kept" "$T/site/readme.txt"
component "$T/site/c.bin" 3.0
refused "a file from elsewhere" "c.bin.* is there, but baseline.json doesn't list it" baseline verify "$T/site/"
rm "$T"/site/c.bin*

# ---- rolled back
cp -r "$T/site" "$T/old"
component "$T/site/a.bin" 1.1
ok "a new version is signed" fettle baseline sign "$T/site" --key "$T/one.key"
is "its version is the next one" "$(jq .version "$T/site/baseline.json")" 2
is "the old signature is gone" "$(ls "$T/site" | grep -c '\.sig$')" 1
refused "what was added before isn't it any more" "" baseline verify site
ok "the old one is removed" fettle baseline remove site
ok "the new one is added" fettle baseline add "$T/site"
refused "the old one" "rolled back: it is version 1 of site, and version 2 was seen" baseline add "$T/old"
rm "$T"/old/baseline.json*
component "$T/old/a.bin" 1.2
ok "another one of the same version is signed" fettle baseline sign "$T/old" --key "$T/one.key" --name site --set-version 2
refused "another of the same version" "another version 2 of site" baseline add "$T/old"

# ---- expired
ok "one that expires is signed" fettle baseline sign "$T/old" --key "$T/one.key" --name other --set-version 3 \
  --expires 2020-01-01T00:00:00Z
refused "an expired one" "has expired on 2020-01-01T00:00:00Z" baseline add "$T/old"

# ---- X.509, and a threshold
ok "signed by a certificate's key too" fettle baseline sign "$T/site" --key "$T/signer.key" \
  --certificate "$T/signer.pem"
is "two signatures of the same file" "$(ls "$T/site" | grep -cE '\.(sig|p7s)$')" 2
is "the version is the same" "$(jq .version "$T/site/baseline.json")" 2
ok "openssl alone can check the CMS signature" openssl cms -verify -binary -inform DER \
  -in "$(echo "$T"/site/*.p7s)" -content "$T/site/baseline.json" -CAfile "$T/ca.pem" -out /dev/null -purpose any
ok "the service wants two" fettle service stop
two=(--set signatures=2)
fettle () { command fettle "${ports[@]}" "${two[@]}" "$@"; }
refused "one of two" "2 signatures are wanted" baseline verify "$T/site/"
ok "the certificate is trusted" fettle baseline trust "$T/ca.pem"
ok "both are there" verify
refused "what is in use is looked at again" "can't be used: 2 signatures are wanted" plan
ok "the service wants one again" fettle service stop
fettle () { command fettle "${ports[@]}" "$@"; }
ok "the plan works again" test "$(fettle plan --format json | jq -r '.unsigned | length')" = 0
ok "whoever signed it is trusted no more" fettle baseline distrust \
  "$(fettle baseline trusted --format json | jq -r '.trust[] | select(.kind == "key").id' | cut -c1-20)"
refused "a baseline whose signer isn't trusted any more" "isn't trusted any more" plan

# ---- keys change: a root
mkdir "$T/roots"
ok "a root is written" fettle baseline root "$T/roots" --name example.com --root-key "$T/one.pem" \
  --root-key "$T/two.pem" --root-threshold 2 --key "$T/two.pem"
for k in one two; do ok "signed by $k" fettle baseline sign "$T/roots/root.1.json" --key "$T/$k.key"; done
ok "it is trusted" fettle baseline trust "$T/roots/root.1.json"
component "$T/site/a.bin" 1.2
ok "signed as the root says" fettle baseline sign "$T/site" --key "$T/two.key"
ok "it is verified" verify
ok "a second root: another key signs baselines" fettle baseline root "$T/roots" --name example.com \
  --root-key "$T/one.pem" --root-key "$T/two.pem" --root-threshold 2 --key "$T/three.pem"
cp "$T"/roots/root.2.json* "$T/site"
ok "signed by the new key" fettle baseline sign "$T/site" --key "$T/three.key"
refused "a root that nobody signed" "root.2.json needs 2 signatures" baseline verify "$T/site/"
for k in one two; do
  ok "the second root is signed by $k" fettle baseline sign "$T/site/root.2.json" --key "$T/$k.key"
done
ok "signed by the new key" fettle baseline sign "$T/site" --key "$T/three.key"
fettle baseline remove site >/dev/null 2>&1
ok "the keys have changed on the way" fettle baseline add "$T/site"
like "the new root is trusted" "$(fettle baseline trusted --format json | jq -r '.trust[] | select(.kind == "root").title')" \
  "example.com, version 2"
rm "$T"/site/root.2.json*
ok "signed by the old key" fettle baseline sign "$T/site" --key "$T/two.key"
refused "the old key counts for nothing now" "signed by nobody who is trusted" baseline verify "$T/site/"
refused "an older root" "version 2 of the root example.com is trusted already" baseline trust "$T/roots/root.1.json"
done_testing
