# The README says what is true: its port table is what `fettle ports` derives
# from the declarations, its two commands exist, its links lead somewhere.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires python3
readme=$srcdir/../README.md

# A table as lines of cells, `|` between cells, one space between the words of one:
# normal.py TABLE [OTHER]; those of its rows alone that name a type which the other has.
cat >"$T/normal.py" <<'PY'
import csv, re, sys
tidy = lambda cell: re.sub(r"\s*,\s*|\s+", " ", cell).strip()
types = lambda row: set(re.split(r"\s*,\s*", row[1].strip()))
def table(path):
    if path.endswith(".csv"):
        return list(csv.reader(open(path)))[1:]
    lines = [l for l in open(path) if l.startswith("|")]
    start = next(n for n, l in enumerate(lines) if l.startswith("| System running it |"))
    rows = []
    for line in lines[start + 2:]:
        cells = line.strip().strip("|").split("|")
        if len(cells) != 6: break
        rows.append(cells)
    return rows
rows = table(sys.argv[1])
for path in sys.argv[2:]:
    wanted = set().union(*map(types, table(path)))
    rows = [row for row in rows if types(row) & wanted]
print("\n".join("|".join(tidy(c) for c in row) for row in rows))
PY

ok "fettle ports prints the table as CSV" sh -c 'fettle ports --format csv >"$1/ports.csv"' - "$T"
declared=$(python3 "$T/normal.py" "$T/ports.csv")
written=$(python3 "$T/normal.py" "$readme")
like "the README has a port table" "$written" '^Windows or Linux\|Linux\|22\|None\|22\|None$'
missing= # plugins that have a package, but aren't in this build: the table has rows of theirs
for p in "$srcdir"/../packaging/debian/fettle-plugin-*.install; do
  p=${p##*/fettle-plugin-} p=${p%.install}
  [ "$p" = redfish ] || has_plugin "$p" || missing="$missing $p"
done
[ -z "$missing" ] || written=$(python3 "$T/normal.py" "$readme" "$T/ports.csv")
is "the README's port table is the derived one${missing:+, but for$missing}" "$written" "$declared"

for command in scripts/quickstart scripts/test; do
  like "the README names $command" "$(cat "$readme")" "^ +$command"
  ok "$command can be run" test -x "$srcdir/../$command"
done

# Links to files of the tree: [text](path)
grep -oE '\]\([^):#]+\)' "$readme" | sed 's/^](//; s/)$//' | sort -u >"$T/links"
like "the README links to files" "$(cat "$T/links")" 'HACKING.md'
while read -r path; do
  ok "the README's link $path exists" test -e "$srcdir/../$path"
done <"$T/links"

done_testing
