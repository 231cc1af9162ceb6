# The vendors' own signatures of components: deb and rpm, signed by a key that
# is trusted, by another one, by nobody, badly; .compsig files; and files that
# change between scan and use.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
requires jq gpg dpkg-deb ar

export FETTLE_STATE_DIR=$T/state
export GNUPGHOME=$T/gpg
ports=(--port "$(free_port)" --ssl-port "$(free_port)")
fettle () { command fettle "${ports[@]}" "$@"; }
at_exit 'command fettle service stop --force >/dev/null 2>&1'
at_exit 'gpgconf --kill all >/dev/null 2>&1'

mkdir -m 700 "$T/gpg"
for who in vendor stranger; do
  gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key "$who <$who@example.com>" rsa2048 sign never \
    2>/dev/null || { skip "vendors' signatures" "gpg can't make keys here"; done_testing; exit; }
  gpg --armor --export "$who@example.com" >"$T/$who.asc"
done
fingerprint=$(gpg --with-colons --list-keys vendor@example.com | awk -F: '$1 == "fpr" { print $10; exit }')

deb () { # FILE: an unsigned package of that name
  local name; name=$(basename "$1" .deb)
  rm -rf "$T/p"; mkdir -p "$T/p/DEBIAN"
  printf 'Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: t\n' "$name" \
    >"$T/p/DEBIAN/control"
  dpkg-deb -Zgzip -b "$T/p" "$1" >/dev/null
}
sign () { # FILE WHO: as debsigs does
  rm -f "$T/_gpgorigin"
  for m in debian-binary control.tar.gz data.tar.gz; do ar p "$1" "$m"; done >"$T/all"
  gpg --batch --quiet --pinentry-mode loopback --passphrase '' -u "$2@example.com" --detach-sign -o "$T/_gpgorigin" "$T/all"
  ar q "$1" "$T/_gpgorigin" 2>/dev/null
}
signature () { fettle baseline show "$1" --format json | jq -r ".components[] | select(.name == \"$2\") | .signature + \": \" + .signature_text"; }

mkdir "$T/site"
for n in good other plain; do deb "$T/site/$n.deb"; done
sign "$T/site/good.deb" vendor
sign "$T/site/other.deb" stranger

# ---- no key
ok "added, without a vendor's key" fettle baseline add "$T/site" --allow-unsigned --name before
like "no key: not verifiable, and why" "$(signature before good)" \
  "^unverifiable: not verifiable because the OpenPGP key ${fingerprint: -16}, which signed it, isn't trusted"
is "without a signature" "$(signature before plain)" "unsigned: its vendor hasn't signed it"

# ---- the key
ok "the vendor's key is trusted" fettle baseline trust --vendor "$T/vendor.asc"
ok "added again: what was read before is looked at with it" fettle baseline add "$T/site" --allow-unsigned
is "verified, by whom" "$(signature site good)" "verified: verified by vendor <vendor@example.com> $fingerprint"
like "another's" "$(signature site other)" "^unverifiable: .*isn't trusted"
like "the table says so" "$(fettle baseline show site)" 'SIGNATURE.*SIGNER'

# ---- bad
cp "$T/site/good.deb" "$T/kept.deb"
deb "$T/site/good.deb"
ar x --output "$T" "$T/kept.deb" _gpgorigin
printf 'Package: good\nVersion: 6.6\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: t\n' >"$T/p/DEBIAN/control"
dpkg-deb -Zgzip -b "$T/p" "$T/site/good.deb" >/dev/null
ar q "$T/site/good.deb" "$T/_gpgorigin" 2>/dev/null
fettle baseline add "$T/site" --allow-unsigned --name bad >/dev/null 2>&1
is "a bad signature: it isn't offered" "$(signature bad good)" ""
like "it is named" "$(fettle baseline show bad --format json | jq -r '.problems[] | "\(.file): \(.message)"')" \
  "^good.deb: its OpenPGP signature by vendor .* is bad: it isn't what its vendor has signed$"
cp "$T/kept.deb" "$T/site/good.deb"

# ---- rpm
if command -v rpmbuild >/dev/null && command -v rpmsign >/dev/null; then
  mkdir "$T/rpms"
  for n in rgood rplain rother; do
    printf 'Name: %s\nVersion: 1\nRelease: 1\nSummary: s\nLicense: x\nBuildArch: noarch\n%%description\nx\n%%install\nmkdir -p %%{buildroot}/opt\nhead -c 5000 /dev/urandom > %%{buildroot}/opt/%s\n%%files\n/opt/%s\n' \
      "$n" "$n" "$n" >"$T/$n.spec"
    rpmbuild -bb --quiet --define "_topdir $T/rpm" --define "_rpmdir $T/rpms" --define '_build_name_fmt %%{NAME}.rpm' \
      "$T/$n.spec" >/dev/null 2>&1
  done
  rpmsign --define "__gpg $(command -v gpg)" --define '_gpg_name vendor@example.com' --define "_gpg_path $T/gpg" --addsign "$T/rpms/rgood.rpm" >/dev/null 2>&1
  rpmsign --define "__gpg $(command -v gpg)" --define '_gpg_name stranger@example.com' --define "_gpg_path $T/gpg" --addsign "$T/rpms/rother.rpm" >/dev/null 2>&1
  ok "rpms are added" fettle baseline add "$T/rpms" --allow-unsigned
  is "rpm: verified" "$(signature rpms rgood)" "verified: verified by vendor <vendor@example.com> $fingerprint"
  like "rpm: another's" "$(signature rpms rother)" "^unverifiable: .*isn't trusted"
  is "rpm: unsigned" "$(signature rpms rplain)" "unsigned: its vendor hasn't signed it"
else
  skip "rpm" "needs rpmbuild and rpmsign"
fi

# ---- LVFS: a .jcat in the cabinet, by OpenPGP and by a certificate
if command -v gcab >/dev/null && command -v openssl >/dev/null; then
  mkdir "$T/cab" "$T/cabs"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/lvfs.key" -out "$T/lvfs.pem" -subj /CN=Firmware -days 30 2>/dev/null
  blob () { # KIND FILE
    jq -n --argjson kind "$1" --rawfile data "$2" '{Kind: $kind, Flags: 1, Data: $data}'
  }
  item () { # FILE HOW
    case $2 in
      pgp) gpg --batch --quiet --yes --pinentry-mode loopback --passphrase '' -u vendor@example.com --armor --detach-sign \
        -o "$T/blob" "$T/cab/$1" && blob 2 "$T/blob" ;;
      pkcs7) openssl smime -sign -binary -md sha256 -in "$T/cab/$1" -signer "$T/lvfs.pem" -inkey "$T/lvfs.key" -outform PEM \
        -out "$T/blob" && blob 3 "$T/blob" ;;
    esac | jq --arg id "$1" '{Id: $id, Blobs: [.]}'
  }
  cabinet () { # NAME HOW: signs, then makes it
    head -c 3000 /dev/urandom >"$T/cab/firmware.bin"
    printf '<component type="firmware"><id>org.example.%s</id><name>%s</name><provides><firmware type="flashed">2082b5e0-7a64-478a-b1b2-e3404fab6da%s</firmware></provides><releases><release version="1.0"/></releases></component>\n' \
      "$1" "$1" "$3" >"$T/cab/x.metainfo.xml"
    { item firmware.bin "$2"; item x.metainfo.xml "$2"; } | jq -s '{Items: .}' | gzip >"$T/cab/firmware.jcat"
    [ -z "${4-}" ] || echo more >>"$T/cab/firmware.bin"
    (cd "$T/cab" && gcab -cn "$T/cabs/$1.cab" firmware.bin x.metainfo.xml firmware.jcat) >/dev/null 2>&1
  }
  cabinet one pgp a
  cabinet two pkcs7 b
  cabinet wrong pgp c changed
  cabinet wrong7 pkcs7 d changed
  fettle baseline add "$T/cabs" --allow-unsigned --name before7 >/dev/null 2>&1
  is ".jcat, OpenPGP: verified" "$(signature before7 one)" "verified: verified by vendor <vendor@example.com> $fingerprint"
  like ".jcat, PKCS #7: not verifiable without its certificate" "$(signature before7 two)" "^unverifiable: .*certificate.*isn't trusted"
  ok "the certificate is trusted" fettle baseline trust --vendor "$T/lvfs.pem"
  fettle baseline add "$T/cabs" --allow-unsigned >/dev/null 2>&1
  is ".jcat, PKCS #7: verified" "$(signature cabs two)" "verified: verified by /CN=Firmware"
  is "bad ones aren't offered" "$(signature cabs wrong)$(signature cabs wrong7)" ""
  is "and named" "$(fettle baseline show cabs --format json | jq -r '.problems[] | select(.message | test("is bad")).file' | tr '\n' ' ')" \
    "wrong.cab wrong7.cab "
else
  skip ".jcat" "needs gcab and openssl"
fi

# ---- .compsig: there or not
mkdir "$T/hpe"
raw () { head -c 3000 /dev/urandom >"$T/hpe/$1"; printf 'name = "%s"; version = "1.0"; scheme = "dotted"; format = "%s"; kind = "firmware"; match = "test:%s";\n' "$1" "$2" "$1" >"$T/hpe/$1.component.cfg"; }
raw cp000001.exe exe
raw cp000002.exe exe; echo sig >"$T/hpe/cp000002.compsig"
raw cp000003.zip zip; raw cp000004.zip zip; echo sig >"$T/hpe/cp000004_part1.compsig"
raw tool.bin raw
fettle baseline add "$T/hpe" --allow-unsigned >/dev/null 2>&1
is "missing beside an .exe" "$(signature hpe cp000001.exe)" "unsigned: its signature file cp000001.compsig is missing"
like "there" "$(signature hpe cp000002.exe)" "^unverifiable: not verifiable because its .compsig is in a format of HPE's"
is "missing for VMware: not offered" "$(signature hpe cp000003.zip)" ""
like "and named" "$(fettle baseline show hpe --format json | jq -r '.problems[] | "\(.file): \(.message)"')" \
  "cp000003.zip: .*its signature file cp000003.compsig is missing"
like "a part of it is there" "$(signature hpe cp000004.zip)" "^unverifiable"
is "nothing is known of others" "$(fettle baseline show hpe --format json | jq -r '.components[] | select(.name == "tool.bin") | .signature')" null
done_testing
