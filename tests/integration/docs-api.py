#!/usr/bin/env python3
# docs-api.py API.MD STATE IMAGES: each row of docs/api.md, asked for by curl; complaints, each with its line.
#
# Rows are asked for in an order that makes sense, with the bodies below; the
# answer has the status that the row names (200 without one), and just the
# members that it shows, those with "?" or behind "the same" excepted.
# SPDX-License-Identifier: Apache-2.0
import json
import re
import subprocess
import sys
import time

page, state, images = sys.argv[1:]
service = json.load(open(state + "/service.json"))
wait = {"wait": True}  # for the job that was begun

ASKED = (
    ("GET /service", None), ("GET /tokens", None), ("POST /tokens", {"name": "t1", "role": "viewer", "lifetime": 60}),
    ("DELETE /tokens/t1", None), ("POST /groups", {"name": "g1", "labels": {"rack": "7"}, "max_parallel": 1}),
    ("POST /nodes", {"nodes": [{"address": "127.0.0.2", "name": "n0", "type": "sim", "group": "g1"},
                               {"address": "127.0.0.3", "name": "n1", "type": "sim"}]}),
    ("GET /nodes", None), ("GET /nodes?select=group=g1", None), ("GET /nodes/n0", None),
    ("PATCH /nodes/n0", {"labels": {"row": "b"}, "host_key": None}),
    ("POST /scouts", {"addresses": ["127.0.0.1"], "types": ["sim"]}),
    ("POST /probes", {"address": "127.0.0.1", "types": ["sim"]}),
    ("GET /groups", None), ("GET /groups/g1", None), ("PATCH /groups/g1", {"note": "of a test"}),
    ("POST /baselines", {"path": images, "name": "sim", "allow_unsigned": True}), wait,
    ("GET /baselines", None), ("GET /baselines/sim", None), ("GET /baselines/sim/sbom", None),
    ("POST /verifications", {"baseline": "sim", "allow_unsigned": True}), wait,
    ("GET /trust", None), ("POST /trust", {"data": open(state + "/cert.pem").read()}), ("DELETE /trust/TRUST", None),
    ("POST /inventories", {"nodes": ["all"], "options": {"open_firewall": False}}), wait,
    ("GET /nodes/n0/items", None), ("GET /nodes/n0/sbom", None), ("POST /recordings", {"node": "n0"}), wait,
    ("GET /jobs/JOB/recording", None), ("POST /checks", {"nodes": ["n0"], "phase": "inventory"}), wait,
    ("POST /snapshots", {"name": "before", "nodes": ["all"]}), ("GET /snapshots", None),
    ("POST /plans", {"nodes": ["all"], "baselines": ["sim"], "options": {"kinds": ["firmware"]}}),
    ("POST /deployments", {"nodes": ["n0"], "options": {"check": False, "approve": True, "batch": "1"}}),
    ("POST /jobs/JOB/approve", {}), wait, ("GET /jobs", None), ("GET /jobs/last", None), ("GET /jobs/JOB", None),
    ("GET /jobs/JOB/events?after=0&wait=0", None), ("GET /reports/csv?job=JOB&kind=job", None),
    ("POST /deployments", {"nodes": ["n1"], "options": {"check": False, "window": "never"}}),
    ("POST /jobs/JOB/pause", {}), ("POST /jobs/JOB/resume", {}), ("POST /jobs/JOB/abort", {"hard": False}), wait,
    ("GET /events?after=0&job=JOB", None),
    ("DELETE /snapshots/before", None), ("POST /service/rotate-key", {}), ("POST /service/backup", {"path": state + "/../backup"}),
    ("GET /audit?after=0&limit=5", None), ("GET /audit/verify", None), ("GET /firewall", None),
    ("POST /firewall/open", {"nodes": ["n0"], "minutes": 1}), ("POST /firewall/close", {"nodes": ["n0"]}),
    ("DELETE /nodes/n0", None), ("DELETE /groups/g1", None), ("DELETE /baselines/sim", None),
    ("POST /service/stop", {"force": True}))
MAY_FAIL = {"POST /firewall/open": 409}  # where no firewall of this host is opened
PARAMETERS = r"(TOKEN|NODE|GROUP|BASELINE|ID|NAME|FORMAT)"


def rows():
    """(line, method, pattern of its path, answer) of each call of the table."""
    for number, line in enumerate(open(page, encoding="utf-8"), 1):
        cells = re.split(r"(?<!\\)\|(?= )", line.strip().strip("|"))
        if not re.match(r"\| `(GET|POST|PATCH|DELETE) /", line):
            continue
        calls = re.findall(r"`((?:GET|POST|PATCH|DELETE) )?(/[^`]*)`", line.split(" | ")[0])
        method, first = calls[0][0].strip(), calls[0][1]
        for said, path in calls:
            path = path if said or path == first else first.rsplit("/", 1)[0] + path
            path = re.sub(PARAMETERS, "[^/?]+", re.escape(path.split("?")[0]))
            yield number, said.strip() or method, path, cells[-1].strip()


def members(answer):
    """Names at the first level of `{...}`; None if it isn't shown so."""
    shown = re.match(r"`?(?:20\d )?`?\{(.*)", re.sub(r"^(20\d) ", "", answer))
    if not shown:
        return None
    depth, name, names = 0, "", []
    for c in shown[1]:
        if depth == 0 and c in ",}":
            names.append(name.split(":")[0].strip())
            name = ""
            if c == "}":
                break
            continue
        depth += (c in "{[(") - (c in "}])")
        name += c
    return [n for n in names if n]


def read(text):
    """An object, or nothing: reports and recordings are none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def curl(what, body):
    method, path = what.split(" ")
    words = ["curl", "-sS", "--noproxy", "*", "--cacert", state + "/cert.pem", "-X", method, "-w", "\n%{http_code}",
             "-H", "Authorization: Bearer " + open(state + "/token").read().strip()]
    words += ["--max-time", "2" if path.startswith("/events") else "120"]
    words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
    run = subprocess.run(words + ["https://localhost:%d/api/v1%s" % (service["ssl_port"], path)], capture_output=True, text=True)
    text, _, status = run.stdout.rpartition("\n")
    return int(status or 0), text


table = list(rows())
seen, job, trust = set(), 0, ""
for step in ASKED:
    if step is wait:
        until = time.monotonic() + 120
        while time.monotonic() < until and json.loads(curl("GET /jobs/%d/events?after=999999999&wait=10" % job, None)[1])["state"] == "running":
            pass
        continue
    what, body = step
    what = what.replace("JOB", str(job)).replace("TRUST", trust)
    row = next((r for r in table if r[1] == what.split(" ")[0] and re.fullmatch(r[2], what.split(" ")[1].split("?")[0])), None)
    status, text = curl(what, body)
    if row is None:
        print("api.md has no row for " + what)
        continue
    seen.add((row[0], row[2]))
    wanted = int((re.match(r"(20\d)", row[3]) or [200, 200])[1])
    if status != wanted and status != MAY_FAIL.get(what):
        print("api.md:%d: %s is answered by %d, not %d: %s" % (row[0], what, status, wanted, text[:500]))
        continue
    names = members(row[3])
    if status == wanted and names is not None:
        got = set(read(text))
        known = {n.rstrip("?") for n in names}
        lacks = {n for n in names if not n.endswith("?")} - got
        if lacks or got - known:
            print("api.md:%d: %s: the answer lacks %s, and has %s besides" % (row[0], what, sorted(lacks), sorted(got - known)))
    if isinstance(read(text).get("job"), int):
        job = read(text)["job"]
    if what == "POST /trust":
        trust = read(text).get("id", "")
for number, method, path, _ in table:
    if (number, path) not in seen:
        print("api.md:%d: nobody asks for %s %s" % (number, method, path))
print("asked %d" % len(ASKED), file=sys.stderr)
