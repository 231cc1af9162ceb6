# smartupdate: the command lines and input files that public scripts use, against
# real nodes, and each row of its table.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/smartupdate-lib.sh"

# ---- OpenStack Ironic (proliantutils): no target, components as one word behind a blank
fettle node add "$one" --name localhost --user root --key "$LAB_DIR/key" >/dev/null 2>&1
fettle service stop >/dev/null 2>&1
run 0 "Ironic" --s --romonly --use_location "$T/spp2.0/packages" " --c rom_2.0_all.deb --c tool_2.0_all.deb"
is "Ironic: the firmware was installed" "$(has 1 rom)" 2.0
is "Ironic: --romonly leaves software alone" "$(has 1 tool)" 1.0
like "the service's start, in SUM's words" "$(cat "$T/out")" \
  '^sum_service_x64 started successfully on port 63001 and secure port 63002\. FTP is disabled\.$'
like "its end, too" "$(cat "$T/out")" '^Successfully shutdown the service\.$'
like "that nobody has signed it is said" "$(cat "$T/err")" "^smartupdate: nobody trusted has signed $T/spp2.0/packages"
# Its parser: blocks between two lines, an empty line between them, "Success" in each good one.
cat >"$T/ironic.py" <<'P'
import re, sys
text = open(sys.argv[1]).read()
part = text[text.find("Deployed Components:") + len("Deployed Components:"):text.find("Exit status:")]
lines = [l for l in re.split("\n\n", part) if l]
good = [l for l in lines if "Success" in l]
print("Total: %d Success: %d Failed: %d" % (len(lines), len(good), len(lines) - len(good)))
P
if command -v python3 >/dev/null; then
  is "the log, as proliantutils reads it" "$(python3 "$T/ironic.py" "$T/varlog/sum/localhost/sum_log.txt")" \
    "Total: 1 Success: 1 Failed: 0"
else
  skip "the log, as proliantutils reads it" "needs python3"
fi
is "SUM_InstallDetails.xml, as those read it that read it" "$(python3 - "$T/varlog/sum/localhost/SUM_InstallDetails.xml" <<'P'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(root.tag, root.findtext("NodeStatus"))
for item in root.findall("ComponentResults")[0]:
    print(sorted((c.tag, c.text) for c in item if c.tag != "ComponentDescription"))
P
)" "HPSUM_InstallDetails Deploy completed.
[('ComponentName', 'rom_2.0_all.deb'), ('ComponentReturnCode', 'Success'), ('InstalledVersion', '2.0'), ('IsComponentSuccess', 'true'), ('PreviousVersion', '1.0'), ('ResultCode', '0')]"
like "the log has the stages" "$(log localhost | tr '\n' '|')" \
  '^Scouting completed, node type:LINUX\|Inventory started\|Inventory completed\|.*Deployment started\|.*Deployment completed\|\|Deployed Components:\|  Component Filename: rom_2.0_all.deb\|  Component Name: [^|]+\|  Original Version: 1.0\|  New Version: 2.0\|  Deployment Result: Success\|\|Exit status: 0\|$'
run 3 "Ironic again has nothing to do" --s --romonly --use_location "$T/spp2.0/packages" ""
is "and says so in the log" "$(log localhost | tail -n 1)" "Exit status: 3"
# Its older form is run from the folder of the components.
folder=$T/spp2.0/packages
run 3 "Ironic, in the folder of the components" --s --romonly ""
folder=$T
run 254 "no location at all" --s --romonly
run 254 "a component that isn't there" --s --use_location "$T/spp2.0/packages" " --c CP000001.scexe"
like "is named" "$(cat "$T/err")" 'has no component CP000001.scexe'

# ---- Chef and Salt: an input file in both forms
fettle service start >/dev/null 2>&1
cat >"$T/chef.ini" <<I
# Settings first.
SILENT = YES
SOFTWAREONLY = YES
SOURCEPATH = $T/spp2.0/packages
REBOOTALLOWED = NO
IGNOREERRORS = ServerNotFound,BadPassword
SKIPTARGET = NO
ONFAILEDDEPENDENCY = OmitComponent
LOGFILENAME = $T/chef
[TARGETS_LINUX]
UID = root
PWD = $password
HOST = $one
HOST = $two
[END]
I
chmod 600 "$T/chef.ini"
run 0 "Chef's input file" --inputfile "$T/chef.ini"
is "software alone was installed, on both" "$(has 1 tool) $(has 2 tool) $(has 2 rom)" "2.0 2.0 1.0"
like "LOGFILENAME is the folder of the logs" "$(cat "$T/chef/sum/log/$two/sum_log.txt")" '^Exit status: 0$'
like "the node of that address is the one known" "$(fettle node list --format json | jq -r '[.nodes[].name] | join(" ")')" \
  "^localhost $two\$"
cat >"$T/node.ini" <<I
SILENT = YES
ROMONLY = YES
SOURCEPATH = $T/spp2.0/packages
REBOOTALLOWED = YES
REBOOTDELAY = 30

[Node]
TARGET = $two
TARGETTYPE = LINUX
USERNAME = root
PASSWORD = $password
I
run 0 "an input file with [Node], over which the command line goes" /inputfile "$T/node.ini" /dryrun
is "a dry run changes nothing" "$(has 2 rom)" 1.0
run 0 "the same without" /inputfile "$T/node.ini"
is "the firmware was installed" "$(has 2 rom)" 2.0

# ---- The Hitachi kit: a target on the line, down again
run 0 "Hitachi" --target "$two" --targettype linux --username root --password "$password" \
  --use_location "$T/spp1.0/packages" --ignore_warnings --downgrade --romonly --s
is "the firmware is lower" "$(has 2 rom)" 1.0
like "what has no effect says so" "$(cat "$T/err")" '^smartupdate: /ignore_warnings has no effect here'
is "once" "$(grep -c 'no effect' "$T/err")" 1
# ---- The QA kit's lines
run 0 "/f:rom forces firmware, and treats the rest as usual" /s /target "$two" /user root /passwd "$password" \
  /use_location "$T/spp1.0/packages" /f:rom /On_failed_dependency:OmitComponent /tpmbypass
is "the software is as it was" "$(has 2 tool)" 2.0
run 253 "a component that lacks what it needs" /s /target "$two" /f:all /use_location "$(
  lab_build_deb needy 1.0 "$T/needy" --depends "nothing-like-this" >/dev/null; echo "$T/needy")" /c needy_1.0_all.deb
run 255 "a wrong password" /s /target "$two" /user root /password wrong /use_location "$T/spp2.0/packages"
run 0 "/continue_on_error goes on without that node" /s /target "$one" /target "$two" /user root \
  /continue_on_error BadPassword /use_location "$T/spp3.0/packages" /romonly
is "the other one is done" "$(has 1 rom) $(has 2 rom)" "3.0 1.0"
run 0 "the right password" /s /target "$two" /user root /password "$password" /use_location "$T/spp2.0/packages" \
  /report /combined_report /reportdir "$T/reports"
is "a report changes nothing" "$(has 2 rom)" 1.0
for r in deploy_preview inventory firmware dependency installed combined; do
  ok "SUM_${r}_Report as HTML" sh -c "ls '$T'/reports/SUM_${r}_Report_*/SUM_${r}_Report_*.html"
  ok "SUM_${r}_Report as CSV" sh -c "ls '$T'/reports/SUM_${r}_Report_*/SUM_${r}_Report_*.csv"
done
like "and whose signatures there are" "$(cat "$T"/reports/SUM_deploy_preview_Report_*/*.csv)" "absent,.*not signed: it has no baseline.json"
like "the baseline's report, too" "$(cat "$T"/reports/SUM_inventory_Report_*/*.csv)" '^id,name,version,kind,format,reboot,vendor_signature,signature_text$'
like "the preview has what a run would do" "$(cat "$T"/reports/SUM_deploy_preview_Report_*/*.csv)" \
  "^$two,rom_2.0_all.deb,.*,1.0,2.0,upgrade,"

# ---- Unsigned baselines, where they are forbidden
etc=/usr/local/etc
if [ -d $etc ] && grep -q "$etc/fettle" "$builddir/../core/fettle"; then
  lab_controller unshare -m sh -c 'mount -t tmpfs none "$1" && mkdir "$1/fettle" &&
    echo "allow_unsigned = \"no\";" >"$1/fettle/fettle.conf" && shift && exec smartupdate "$@"' - $etc \
    /s /target "$two" /logdir "$T/forbidden" /use_location "$T/spp2.0/packages" >"$T/out" 2>"$T/err"
  is "an unsigned folder, where fettle.conf forbids it: exit code" "$?" 254
  like "it says why" "$(cat "$T/err")" "^smartupdate: $T/spp2.0/packages can't be used: .*signed"
  is "nothing was installed" "$(has 2 rom)" 1.0
else
  skip "an unsigned folder, where fettle.conf forbids it" "needs $etc as the folder of the configuration"
fi
is "a run leaves no baseline for other commands" "$(fettle baseline list --format json | jq '.baselines | length')" 0

# ---- The console, as a public script uses it
run 0 "setattributes --session" setattributes --session "report_dir=$T/console"
run 0 "delete" delete --nodes "$two"
run 0 "add" add --nodes "$two" user=root "password=$password" type=linux
run 0 "setattributes" setattributes --nodes "$two" ignore_warnings=true ignore_tpm=true failed_dependency=OMITHOST \
  skip_prereqs=true action=ifneeded
run 0 "getattributes" getattributes --nodes "$two"
like "it shows them" "$(cat "$T/out")" '^failed_dependency: OMITHOST$'
run 0 "inventory" inventory --nodes "$two" --baselines "$T/spp2.0/packages"
run 0 "getnodes" getnodes "$two" --details
like "the node wants an update" "$(cat "$T/out")" '^Node Status: Update required$'
run 0 "generatereports" generatereports --type Installables --output csv --nodes "$two"
like "it says where the report is" "$(cat "$T/out")" "^$T/console/.*\\.csv\$"
run 0 "deploy" deploy --nodes "$two"
is "it is deployed" "$(has 2 rom)" 2.0
for c in login getbaselines getneededupdates getcurrentlyinstalledversions getlogs getcomponentlogs getenginestatus; do
  case $c in getneededupdates) status=3 ;; *) status=0 ;; esac
  case $c in getneeded* | getcurrently*) run $status "$c" $c --nodes "$two" ;; *) run $status "$c" $c ;; esac
done
run 3 "activate" activate --nodes "$two"
run 3 "abort" abort
run 252 "configure" configure
run 254 "an unknown command" getnode
like "has a nearest one" "$(cat "$T/err")" 'did you mean getnodes'

done_testing
