# docs-examples.sh - what the manuals show works: each command and option of an
# example is there; the guide's examples are run; tables of errors are whole;
# make html makes all pages, whose links lead somewhere.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
. "$srcdir/integration/service-lib.sh"
. "$srcdir/integration/fleet-lib.sh"
requires curl jq python3

docs=$srcdir/../docs

# ---- Each example: the command is one, and has these options.

cat >"$T/examples.py" <<'P'
import glob, re, shlex, subprocess, sys

docs, plugins = sys.argv[1:]
pages = sorted(glob.glob(docs + "/*.[1-8]") + glob.glob(plugins + "/*/*.[1-8]"))
helps = {}


def help_of(words):
    key = " ".join(words)
    if key not in helps:
        run = subprocess.run(["fettle"] + words + ["--help"], capture_output=True, text=True)
        helps[key] = run.stdout if run.returncode == 0 else None
    return helps[key]


def lines(page):
    """Lines of literal blocks, joined where they go on, and those in Ql and Dl."""
    literal, kept = False, ""
    for line in open(page):
        line = line.rstrip("\n")
        if line.startswith(".Bd -literal"):
            literal = True
        elif line.startswith(".Ed"):
            literal = False
        elif literal:
            line = kept + line.replace("\\e", "\\").replace("\\&", "")
            kept = ""
            if line.endswith("\\"):
                kept = line[:-1]
            else:
                yield line
        elif re.match(r"\.(Ql|Dl) fettle ", line):
            line = re.split(r" (?:Ar|Ns|Fl|Pa|Ev|Cm|Pq|,|\.|;)(?: |$)", line[4:] + " ")[0]
            yield re.sub(r" [,.;:)]+$", "", line.rstrip())


checked = 0
for page in pages:
    for line in lines(page):
        for part in re.findall(r"(?:^|[|;&(`]\s*|\$\()(fettle [^|;&)`]*)", line):
            try:
                words = shlex.split(part.replace('"$', '"').replace("'", ""), comments=True)[1:]
            except ValueError:
                words = part.split()[1:]
            plain = [w for w in words if not w.startswith("-")]
            if not plain or not re.fullmatch(r"[a-z-]+", plain[0]):
                continue
            two = help_of(plain[:2]) if len(plain) > 1 and re.fullmatch(r"[a-z-]+", plain[1]) else None
            text = two or help_of(plain[:1])
            checked += 1
            if text is None:
                print("%s: there is no command in: %s" % (page, part))
                continue
            for word in words:
                option = re.match(r"--?[a-z][a-z-]*", word)
                if option and not re.search(re.escape(option.group()) + r"(?![a-z-])", text):
                    print("%s: no option %s in: %s" % (page, option.group(), part))
print("checked", checked, file=sys.stderr)
P
python3 "$T/examples.py" "$docs" "$srcdir/../plugins" >"$T/wrong" 2>"$T/checked"
is "each example's command and options are there" "$(cat "$T/wrong")" ""
like "... of many" "$(cat "$T/checked")" '^checked [5-9][0-9]|^checked [1-9][0-9][0-9]'

mkdir "$T/bad"
printf '.Bd -literal\nfettle deploy --nonsense x\nfettle dance\n.Ed\n.Ql fettle plan --neither .\n' >"$T/bad/x.1"
is "what isn't there is seen" "$(python3 "$T/examples.py" "$T/bad" "$T/bad" 2>"$T/err" | sed 's/.*\/x\.1: //')" \
  "no option --nonsense in: fettle deploy --nonsense x
there is no command in: fettle dance
no option --neither in: fettle plan --neither"

# ---- The guide's are run, on an emulated fleet.

F=$T/fleet FLEET_PORT=$(free_port)
export FETTLE_STATE_DIR=$F/state FETTLE_PLUGINDIR=$F/plugins:$FETTLE_PLUGINDIR
ok "a fleet is made" fleet_make "$F" 4 11 100 0
ok "the service starts" fleet_start "$F" --set firewall=none
sed -n '/^\.\\" run: begin/,/^\.\\" run: end/p' "$docs/fettle-guide.7" | sed '/^\.\(Bd\|Ed\|\\"\)/d' \
  >"$T/guide"
is "the guide begins with nodes" "$(head -n 1 "$T/guide" | cut -d' ' -f1-3)" "fettle node add"
# Nodes of the fleet are called n0, n1, ... and have addresses of their own.
sed -i "s|192\.0\.2\.1\([0-9]\)|127.0.0.\1 --type sim|; s/web1/n0/g; s/web2/n1/g; s/db1/n2/g; s|/srv/components|$F/images|" "$T/guide"
mkdir "$T/here"
(cd "$T/here" && echo secret >secret && n=0 && while read -r line; do
  n=$((n + 1))
  bash -c "$line" >"$T/out" 2>&1 </dev/null
  status=$?
  case $status in 0 | 1 | 3) ;; *) echo "$line: $status"; cat "$T/out" ;; esac
done <"$T/guide"; echo $n >"$T/n") >"$T/failed"
is "each of the guide's commands works" "$(cat "$T/failed")" ""
like "... many of them" "$(cat "$T/n")" '^[2-9][0-9]$'
ok "the report is there" test -s "$T/here/report.html"
like "the rules for the network team" "$(cat "$T/here/rules.csv")" '443'
like "what was deployed" "$(fettle status --format json | jq -r '[.jobs[] | select(.kind == "deployment") | .state] | join(" ")')" '^done done$'
fettle service stop --force >"$T/out" 2>&1

# ---- Tables of errors.

sed -n 's/^  { FETTLE_\([A-Z_]*\), *"\([a-z-]*\)" },.*/\2 FETTLE_\1/p' "$srcdir/../core/util/error.c" >"$T/names"
sed -n 's/^\.It \([a-z-]*\) Ta \(FETTLE_[A-Z_]*\) Ta ..*/\1 \2/p' "$docs/fettle-errors.7" >"$T/table"
ok "there are results" test "$(wc -l <"$T/names")" -ge 15
is "fettle-errors(7) has them all" "$(cat "$T/table")" "$(cat "$T/names")"
is "and all exit codes" "$(sed -n 's/^\.It \([0-9]*\) Ta ..*/\1/p' "$docs/fettle-errors.7" | tr '\n' ' ')" \
  "$(sed -n 's/^  FETTLE_EXIT_[A-Z]* *= \([0-9]*\),.*/\1/p' "$srcdir/../core/cli/cli.h" | tr '\n' ' ')"
is "fettle-callbacks(7) has the listeners' ports" \
  "$(sed -n '/^\.Sh NETWORK PORTS/,/^\.El/s/^\.It from the node Ta \([a-z_]*\) (\([0-9a-z]*\)).*/\1=\2/p' "$docs/fettle-callbacks.7" | tr '\n' ' ')" \
  "$(fettle config show --format csv | awk -F, '/^(port|ssl_port|ftp_port),/ { print $1 "=" ($3 == 0 ? "off" : $3) }' | sort -t= -k1,1 | sed -n '/^port/p;/^ssl/p;/^ftp/p' | sort -t= -k2,2 | tr '\n' ' ')"

# ---- A page for each command, with fixed headings.

sed -n 's/^  &fettle_command_\([a-z]*\).*/\1/p' "$srcdir/../core/cli/commands.c" | sort -u >"$T/commands"
is "each command has a page" "$(ls "$builddir/../docs" | sed -n 's/^fettle-\([a-z]*\)\.1$/\1/p' | tr '\n' ' ')" "$(tr '\n' ' ' <"$T/commands")"
is "with the same headings" "$(grep -h '^\.Sh ' "$builddir"/../docs/fettle-*.1 | sort | uniq -c | awk '{print $1}' | sort -u)" "$(wc -l <"$T/commands")"
is "and what fettle(1) has of it" "$(for c in $(cat "$T/commands"); do
    [ "$(grep -c "^\.Nm fettle Cm $c" "$builddir/../docs/fettle-$c.1")" = "$(grep -c "^\.Ss $c\( \|\$\)" "$docs/fettle.1")" ] || echo "$c"; done)" ""
if command -v mandoc >"$T/out"; then
  is "none has a fault" "$(mandoc -T lint -W warning "$builddir"/../docs/fettle-*.1)" ""
fi

# ---- HTML.

# A page of a plugin that has a package, but whose folder was deleted.
of_another_plugin () {
  local p=${1#fettle-}
  [ -e "$srcdir/../packaging/debian/fettle-plugin-$p.install" ] && [ ! -e "$srcdir/../plugins/$p" ]
}
if command -v mandoc >"$T/out"; then
  ok "make html" sh "$docs/html.sh" "$T/html" "$docs"/*.[1-8] "$builddir"/../docs/fettle-*.1 "$srcdir"/../plugins/*/fettle-*.7
  is "each page is there" "$(ls "$T/html" | grep -vc '^index')" "$(ls "$docs"/*.[1-8] "$builddir"/../docs/fettle-*.1 "$srcdir"/../plugins/*/fettle-*.7 | xargs -n 1 basename | sort -u | wc -l)"
  grep -ohE 'href="(fettle|smartupdate|component)[^"#]*\.html' "$T/html"/*.html | sed 's/href="//' | sort -u >"$T/links"
  missing=
  while read -r link; do [ -e "$T/html/$link" ] || of_another_plugin "${link%.7.html}" || missing="$missing $link"; done <"$T/links"
  is "their links lead somewhere" "$missing" ""
else
  skip "make html" "needs mandoc"
fi
done_testing
