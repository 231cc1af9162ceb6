# Lists of nodes: read from CSV, JSON, Ansible's INI and YAML; what is written
# is read again as the same.
# Plugins: linux
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires jq python3
. "$srcdir/integration/service-lib.sh"

export FETTLE_STATE_DIR=$T/state
ok "a service starts" start "$T/state" --ssl-port "$(free_port)"
f () { fettle --quiet "$@"; }
shown () { f node list --format json | jq -cS '[.nodes[] | {name, address, type, user, auth, settings, labels, group, maintenance}] | sort_by (.name)'; }
one () { f node show "$1" --format json | jq -cr "$2"; }
forget () { f node remove -l 'name'; }

ssh-keygen -q -t ed25519 -N '' -f "$T/key" 2>/dev/null || requires ssh-keygen
cat >"$T/hosts" <<H
# what stands before a section is in no group
lone.example  ansible_host=192.0.2.9
[web]
web[01:03].example rack=11   # three
web-x ansible_host=2001:db8::7 ansible_port=2222 note="two words" ansible_connection=ssh
[web:vars]
ansible_user=deploy
rack=10
template={{ something }}
[db]
db-[a:b] ansible_ssh_private_key_file=$T/key fettle_type=linux
web-x
[db:vars]
tier = 'back'
[hel:children]
web
db
[hel:vars]
site=hel
[all:vars]
fettle_maintenance=Sat 22:00-23:00
H
ok "Ansible's INI" f node import "$T/hosts" --type linux
is "all hosts, spans too" "$(f node list --format json | jq -r '[.nodes[].name] | sort | join (" ")')" \
  "db-a db-b lone.example web-x web01.example web02.example web03.example"
is "a host of a span" "$(one web02.example '[.address, .group, .user, .labels.rack, .labels.site, .labels.hel]')" \
  '["web02.example","web","deploy","11","hel","yes"]'
is "address, port, a value with blanks; its second group is a label" \
  "$(one web-x '[.address, .settings.ssh_port, .labels.note, .labels.rack, .labels.db, .group]')" \
  '["2001:db8::7","2222","two words","10","yes","web"]'
is "a key is read" "$(one db-b '[.auth, .group, .labels.tier]')" '["key","db","back"]'
is "templates and Ansible's own aren't labels" "$(f node list --format json | jq -c '[.nodes[].labels | keys[] | select (test ("template|ansible"))]')" "[]"
is "what is for all" "$(one lone.example '[.address, .group, .maintenance, .user]')" \
  "[\"192.0.2.9\",null,\"Sat 22:00-23:00\",\"$(id -un)\"]"

shown >"$T/before"
for as in json ini yaml; do
  f node export --format $as -o "$T/out.$as" || echo "# export failed"
done
for as in json ini yaml; do
  forget
  ok "$as is read again" f node import "$T/out.$as"
  # Keys are secrets: they weren't written.
  is "... as the same" "$(shown | sed 's/"auth":"[a-z]*"/"auth":"x"/g')" \
    "$(sed 's/"auth":"[a-z]*"/"auth":"x"/g' "$T/before")"
done
not_ok "a label with blanks isn't for CSV" f node export --format csv -o "$T/out.csv"
ok "without it" f node set web-x --unlabel note
shown >"$T/before"
ok "CSV is written" f node export --format csv -o "$T/out.csv"
forget
ok "... and read again" f node import "$T/out.csv"
is "... as the same" "$(shown | sed 's/"auth":"[a-z]*"/"auth":"x"/g')" "$(sed 's/"auth":"[a-z]*"/"auth":"x"/g' "$T/before")"
is "those that fit, alone" "$(f node export -l group=db --format json | jq -r '[.nodes[].name] | join (" ")')" "db-a db-b"
not_ok "twice is refused" f node import "$T/out.csv"
fettle node import "$T/out.csv" --skip-known >"$T/out" 2>&1
is "... unless known ones are skipped: nothing to do" $? 3
like "... which it says" "$(cat "$T/out")" "7 nodes are there already"

cat >"$T/inventory.yml" <<'Y'
all:
  vars: { site: lab }
  hosts:
    alone: { ansible_host: 192.0.2.20, ansible_port: 2022 }
  children:
    racks:
      children:
        rack1:
          hosts:
            node[1:2].lab:
            node9:
              ansible_user: admin
              size: 3
              sealed: !vault |
                $ANSIBLE_VAULT;1.1;AES256
      vars: { floor: "2" }
Y
forget
ok "YAML as people write it" f node import "$T/inventory.yml"
is "its groups, variables and spans" "$(shown | jq -c '[.[] | [.name, .address, .group, .labels]]')" \
  '[["alone","192.0.2.20",null,{"site":"lab"}],["node1.lab","node1.lab","rack1",{"floor":"2","racks":"yes","site":"lab"}],["node2.lab","node2.lab","rack1",{"floor":"2","racks":"yes","site":"lab"}],["node9","node9","rack1",{"floor":"2","racks":"yes","site":"lab","size":"3"}]]'

# What is wrong is named, with its line.
wrong () { # what, text, file's name, words
  printf "$2" >"$T/$3"
  fettle node import "$T/$3" >"$T/out" 2>&1
  is "$1: refused" $? 254
  like "$1: in words" "$(cat "$T/out")" "$4"
}
wrong "a variable without a value" 'a\nb x\n' bad 'bad:2: "x" is no VARIABLE=VALUE'
wrong "an open quote" 'a b="c\n' bad "bad:1: a quote isn't closed"
wrong "an open section" '[web\n' bad "bad:1: the section isn't closed"
wrong "an unknown section" '[web:kids]\n' bad "bad:1: there are sections"
wrong "a huge span" 'a[0:999999999]\n' bad "more than 100000 hosts"
wrong "spans in spans" 'a[1:9][1:9][1:9][1:9][1:9][1:9]\n' bad "no span like"
wrong "nothing" '# only this\n' bad "names no nodes"
wrong "no YAML" 'a: [b\n' bad.yaml 'bad.yaml:[0-9]+: '
wrong "no inventory" '[1, 2]\n' bad.yaml "groups with hosts are wanted"
wrong "no JSON" '{"nodes": [}' bad.json 'bad.json:1: '
wrong "JSON without nodes" '{"a": 1}' bad.json 'no list "nodes"'
wrong "passwords that others may read" 'a ansible_password=x\n' bad "others may read it"
python3 - "$T/bomb.yaml" <<'P'
import sys
with open(sys.argv[1], "w") as out:
    out.write("a0: &a0 {hosts: {x: {v: 1}}}\n")
    for i in range(1, 30):
        out.write(f"a{i}: &a{i} {{children: {{" + ", ".join(f"c{k}: *a{i-1}" for k in range(9)) + "}}\n")
P
fettle node import "$T/bomb.yaml" >"$T/out" 2>&1
is "aliases of aliases end soon" $? 254
sed 's/^/# /' "$T/out"
chmod 600 "$T/bad"; printf 'p1 ansible_host=192.0.2.30 ansible_password=s3cret\n' >"$T/bad"
ok "passwords in a file of one's own" f node import "$T/bad"
is "... are taken" "$(one p1 .auth)" password
not_ok "... and not written" grep -q s3cret <<<"$(f node export --format json; f node export --format ini)"
ok "the service stops" fettle service stop
done_testing
