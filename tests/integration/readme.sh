# The README says what is true: its port table is what `fettle ports` derives
# from the declarations, its two commands exist, its links lead somewhere.
#
# Sanitizers: no, it is about texts.
# SPDX-License-Identifier: Apache-2.0
. "$srcdir/tap.sh"
requires python3
readme=$srcdir/../README.md

# Both as lines of cells, `|` between cells, one space between the words of one.
cat >"$T/normal.py" <<'PY'
import csv, re, sys
tidy = lambda cell: re.sub(r"\s*,\s*|\s+", " ", cell).strip()
for path in sys.argv[1:]:
    if path.endswith(".csv"):
        rows = list(csv.reader(open(path)))[1:]
    else:
        lines = [l for l in open(path) if l.startswith("|")]
        start = next(n for n, l in enumerate(lines) if l.startswith("| System running it |"))
        rows = []
        for line in lines[start + 2:]:
            cells = line.strip().strip("|").split("|")
            if len(cells) != 6: break
            rows.append(cells)
    print("\n".join("|".join(tidy(c) for c in row) for row in rows))
PY

ok "fettle ports prints the table as CSV" sh -c 'fettle ports --format csv >"$1/ports.csv"' - "$T"
declared=$(python3 "$T/normal.py" "$T/ports.csv")
written=$(python3 "$T/normal.py" "$readme")
like "the README has a port table" "$written" '^Windows or Linux\|Linux\|22\|None\|22\|None$'
is "the README's port table is the derived one" "$written" "$declared"

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
