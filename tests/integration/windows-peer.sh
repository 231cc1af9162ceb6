# windows-peer.sh - the emulated Windows server against other people's clients:
# what the tests of the windows plugin rely on is so.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/integration/windows-lib.sh"
requires smbclient

win_up
client () { timeout 60 smbclient -s "$WIN/back.conf" -U "$WIN_USER%$WIN_PASSWORD" "$@"; }
remote () { timeout 60 net -s "$WIN/back.conf" rpc "$@" -I 127.0.0.1 -U "$WIN_USER%$WIN_PASSWORD"; }
ok "smbclient sees ADMIN\$" client '//127.0.0.1/ADMIN$' -c ls
like "net rpc reads the registry" "$(remote registry enumerate 'HKLM\HARDWARE\DESCRIPTION\System\BIOS')" "Anvil 7 Gen2"
done_testing
