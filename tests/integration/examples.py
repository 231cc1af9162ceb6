#!/usr/bin/env python3
# examples.py - the examples of the manuals, for tests that run them.
#
#   examples.py check ROOT PAGE...   complaints, each with page and line: an example that doesn't say how it is
#                                    tested, a command or an option that there isn't
#   examples.py list PAGE...         how many of each page are run, tested otherwise, or just read, and why
#   examples.py show PAGE LABEL      the text of the examples with this label
#   examples.py components PAGE FOLDER   writes the page's side files there, and prints of which components they are
#   examples.py run PAGE FOLDER      runs the page's examples there, in order, in one shell; complaints; what is asked
#                                    for on the terminal is answered by what the file `secret` there has
#
# An example is a literal display of a manual (.Bd -literal, .Dl) or an indented block of Markdown.  A comment
# before it says what a test does with it, in mdoc after .\", in Markdown within <!-- -->:
#
#   example: run                its lines end with 0, and print what is shown: of a session, lines that begin with
#                               "$ " are typed, others printed; "..." stands for any text, lines or the rest of one;
#                               of notices on standard error ("fettle: ...") those that are shown are there
#   ends with 253: fettle inv   before an example to run: lines that begin so end with 253
#   example: component FILE     a side file of this component: scanned with it
#   example: as LABEL           a test asks for it by `show PAGE LABEL`
#   example: not run: WHY       only its commands and options are looked at
#
# SPDX-License-Identifier: Apache-2.0
import glob
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import termios
import time

PATIENCE_S = 400  # of a whole page
MARK = re.compile(r'(?:\.\\" |<!-- )(example|ends with (\d+)): (.*?)(?: -->)?$')
ESCAPES = (("\\e", "\\"), ("\\&", ""), ("\\-", "-"), ("\\(dq", '"'), ("\\(aq", "'"))


class Example:
    def __init__(self, page, line, how, ends):
        self.page, self.line, self.how, self.ends = page, line, how, ends
        self.lines = []  # (number, text)

    def where(self, line=None):
        return "%s:%d" % (os.path.basename(self.page), line or self.line)

    def text(self):
        return "".join(text + "\n" for _, text in self.lines)


def plain(text):
    for escape, stands_for in ESCAPES:
        text = text.replace(escape, stands_for)
    return text


def blocks(page):
    """Examples of a page, with how each is tested, or None."""
    manual = not page.endswith(".md")
    how, ends, example, blank = None, [], None, True
    for number, line in enumerate(open(page, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        mark = MARK.match(line)
        if mark:
            if mark[2]:
                ends.append((mark[3], int(mark[2])))
            else:
                how = mark[3]
            continue
        begins = line.startswith(".Bd -literal") if manual else example is None and blank and re.match(r" {4}\S", line)
        if begins:
            example = Example(page, number + (1 if manual else 0), how, ends)
            how, ends = None, []
            if manual:
                continue
        if manual and line.startswith(".Dl "):
            one = Example(page, number, how, ends)
            how, ends = None, []
            one.lines = [(number, plain(line[4:]))]
            yield one
        elif manual and line == ".Ed" or not manual and example and line and not line.startswith("    "):
            yield example
            example = None
        elif example and not line.startswith('.\\"'):
            example.lines.append((number, plain(line) if manual else line[4:]))
        blank = not line or line.startswith("<!--")
    if example:
        yield example


def mentions(page):
    """Commands in sentences: (line, text)."""
    for number, line in enumerate(open(page, encoding="utf-8"), 1):
        if page.endswith(".md"):
            for text in re.findall(r"`((?:fettle|fettled|fettle-gate|smartupdate) [^`]*)`", line):
                yield number, text
        elif re.match(r"\.(?:Ql|Cm|Ic) (?:fettle|fettled|fettle-gate|smartupdate) ", line):
            line = re.sub(r" Fl o ", " -o ", re.sub(r" Fl -", " --", line[4:]))
            line = re.split(r" (?:Ns|Pa|Ev|Cm|Pq|,|\.|;)(?: |$)", line + " ")[0].replace(" Ar ", " ")
            yield number, re.sub(r" [,.;:)]+$", "", line.rstrip())


helps = {}


def help_of(*words):
    if words not in helps:
        run = subprocess.run(list(words) + ["--help"], capture_output=True, text=True)
        helps[words] = run.stdout or run.stderr if run.returncode == 0 or words[0] == "fettle-gate" else None
    return helps[words]


def has_option(text, option):
    return re.search(re.escape(option) + r"(?![a-z-])", text)


def complaints(text):
    """What is wrong with the commands of a line."""
    for part in re.findall(r"(?:^|[|;&(`/]\s*|\$\()((?:fettled?|fettle-gate|smartupdate) [^|;&)`]*)", text):
        try:
            words = shlex.split(part.replace('"$', '"').replace("'", ""), comments=True)
        except ValueError:
            words = part.split()
        program, words = words[0], words[1:]
        verbs = [w for w in words if re.fullmatch(r"[a-z-]+", w) and not w.startswith("-")]
        if program == "smartupdate":
            known = help_of(program).replace("[", "").replace("]", "")
            for word in (w for w in words if re.fullmatch(r"/[a-z_]+(:[a-z]+)?", w)):
                if not has_option(known.replace(", /", "\n/"), word.split(":")[0]):
                    yield "smartupdate has no parameter %s: %s" % (word, part)
            continue
        if program == "fettle":
            if not words or words[0] not in verbs:
                continue
            known = len(words) > 1 and words[1] in verbs and help_of(program, *words[:2]) or help_of(program, words[0])
            if known is None:
                yield "there is no such command: " + part
                continue
        else:
            known = help_of(program)
        for word in words:
            option = re.match(r"--?[a-z][a-z-]*", word)
            if option and not has_option(known, option.group()):
                yield "no option %s: %s" % (option.group(), part)


def joined(example):
    """Lines that go on are one: (number, text)."""
    kept, first = "", None
    for number, text in example.lines:
        first = first or number
        if text.endswith("\\"):
            kept += text[:-1]
            continue
        yield first, kept + text
        kept, first = "", None


def check(root, pages):
    scripts = "".join(open(s).read() for s in glob.glob(root + "/tests/*/*.sh"))
    seen = 0
    for page in pages:
        name = os.path.basename(page)
        for example in blocks(page):
            how = (example.how or "").split(" ")
            if how[0] == "as" and not re.search(re.escape(name) + '"? ' + re.escape(how[1]) + r"\b", scripts):
                print("%s: no test asks for %s" % (example.where(), how[1]))
            elif how[0] not in ("as", "run", "component") and not (example.how or "").startswith("not run: "):
                print("%s: a comment before this example should say how it is tested: see tests/integration/examples.py" % example.where())
            for number, text in joined(example):
                for wrong in complaints(re.sub(r"^\$ ", "", text)):
                    print("%s: %s" % (example.where(number), wrong))
            seen += 1
        for number, text in mentions(page):
            for wrong in complaints(text):
                print("%s:%d: %s" % (name, number, wrong))
            seen += 1
    print("looked at %d" % seen, file=sys.stderr)


def count(pages):
    for page in pages:
        counts, unrun = {}, []
        for example in blocks(page):
            how = (example.how or "nothing").split(" ")[0]
            how = {"as": "by a test of its own", "component": "as a component", "not": "read only"}.get(how, how)
            counts[how] = counts.get(how, 0) + 1
            if how == "read only":
                unrun.append("%s: %s" % (example.where(), example.how[9:]))
        counts["mentions"] = len(list(mentions(page)))
        if any(counts.values()):
            print("%s: %s" % (os.path.basename(page), ", ".join("%d %s" % (n, how) for how, n in counts.items() if n)))
        for line in unrun:
            print("  not run, %s" % line)


# ---- Running

def commands(example):
    """(number, command, printed or None) of an example."""
    session = any(text.startswith("$ ") for _, text in example.lines)
    found = []
    for number, text in joined(example):
        if not session or text.startswith("$ "):
            if text.strip():
                found.append((number, text[2:] if session else text, [] if session else None))
        elif found:
            found[-1][2].append(text)
    return found


# What differs from run to run.
VARIES = ((r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), (r"\bjob \d+", r"job \d+"),
          (r"\b[0-9a-f]{16,}\b", r"[0-9a-f]+"))


def pattern(lines):
    """Lines as shown, as a regular expression: blanks of any width, "..." for any text."""
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append("(?:.*\n)*")
            continue
        cut = line.endswith(" ...")
        words = re.split("(" + "|".join("(?:%s)" % v for v, _ in VARIES) + ")", line[:-4] if cut else line)
        text = ""
        for i, word in enumerate(words):
            if i % 2:
                text += next(r for v, r in VARIES if re.fullmatch(v, word))
            else:
                text += re.sub(r"(?:\\ )+", r"\\s+", re.escape(word))
        parts.append(r"\s*" + text.rstrip() + (".*" if cut else r"\s*") + "\n" if line.strip() else r"\s*")
    return "".join(parts)


def shown(lines, said, notices):
    """Is all output as shown, and each notice that is shown among those on standard error?"""
    output = [line for line in lines if not line.startswith("fettle: ")]
    while output and not output[-1].strip():
        output.pop()
    return (re.fullmatch(pattern(output), said) or not output) and \
        all(re.search("^" + pattern([line]), notices, re.M) for line in lines if line not in output and line.strip())


def answer(pid, terminal, secret):
    """Types the secret whenever it is asked for; the shell's status."""
    until, asked = time.monotonic() + PATIENCE_S, b""
    while time.monotonic() < until:
        ready = select.select([terminal], [], [], 0.05)[0]
        try:
            said = os.read(terminal, 4096) if ready else b""
        except OSError:
            return os.waitpid(pid, 0)[1]
        asked = (asked + said)[-200:]
        hidden = not termios.tcgetattr(terminal)[3] & termios.ECHO  # only then what is typed isn't thrown away
        if hidden and re.search(rb"[Pp]ass[^\r\n]*: ?$", asked):
            os.write(terminal, secret + b"\n")
            asked = b""
        if not ready and os.waitpid(pid, os.WNOHANG)[0]:
            return 0
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -1


def run(page, folder):
    todo = []
    for example in blocks(page):
        if example.how == "run":
            todo += [(example, *c) for c in commands(example)]
    outputs = os.path.join(folder, ".outputs")
    os.makedirs(outputs, exist_ok=True)
    with open(os.path.join(outputs, "script"), "w") as script:
        script.write("cd '%s' || exit\nexec 9>'%s/statuses'\n" % (folder, outputs))
        for example, number, command, _ in todo:
            script.write("exec >'%s/%d' 2>'%s/%d.err'\n%s\necho %d $? >&9\n" % (outputs, number, outputs, number, command, number))
    secret = open(os.path.join(folder, "secret"), "rb").read().strip()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("bash", ["bash", os.path.join(outputs, "script")])
    if answer(pid, terminal, secret) == -1:
        print("%s: more than %d s" % (os.path.basename(page), PATIENCE_S))
    ended = dict(map(int, line.split()) for line in open(os.path.join(outputs, "statuses")))
    for example, number, command, printed in todo:
        got = ended.get(number)
        wanted = next((status for begin, status in example.ends if command.startswith(begin)), 0)
        said, notices = (open(os.path.join(outputs, "%d%s" % (number, e)), errors="replace").read()
                         if got is not None else "" for e in ("", ".err"))
        if got != wanted:
            print("%s: %s ends with %s, not %d:\n%s" % (example.where(number), command, got, wanted, said + notices))
        elif printed and not shown(printed, said, notices):
            print("%s: %s prints otherwise than is shown:\n%s" % (example.where(number), command, said + notices))
        if got is None:
            break
    print("ran %d" % len(todo), file=sys.stderr)


if __name__ == "__main__":
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "check":
        check(rest[0], rest[1:])
    elif what == "list":
        count(rest)
    elif what == "show":
        sys.stdout.write("".join(e.text() for e in blocks(rest[0]) if e.how == "as " + rest[1]))
    elif what == "components":
        for e in blocks(rest[0]):
            if (e.how or "").startswith("component "):
                name = e.how.split(" ", 1)[1]
                print(name)
                open(os.path.join(rest[1], name + ".component.cfg"), "w").write(e.text())
    elif what == "run":
        run(*rest)
