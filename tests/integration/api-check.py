#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api-check.py BASE CA ADMIN OPERATOR VIEWER: the API against its own table and document.

Prints one line of TAP for each check.  The table is what the service says of
itself (GET /api/v1), so a route that nobody thought of here is tested too.
"""
import json
import ssl
import sys
import urllib.error
import urllib.request

import jsonschema

BASE, CA = sys.argv[1:3]
TOKENS = dict(zip(("admin", "operator", "viewer"), sys.argv[3:6]))
LADDER = ("anyone", "viewer", "operator", "admin")
CONTEXT = ssl.create_default_context(cafile=CA)
STREAMS = ("/api/v1/events",)  # without an end
number = 0


def tap(good, text, why=""):
    global number
    number += 1
    print(f"{'ok' if good else 'not ok'} {number} - {text}")
    if not good and why:
        print("# " + str(why).replace("\n", "\n# "))
    sys.stdout.flush()


def call(method, path, token=None, body=None):
    """(status, type, text) of one call on a connection of its own."""
    request = urllib.request.Request(BASE + path, method=method)
    if token:
        request.add_header("Authorization", "Bearer " + token)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, context=CONTEXT, timeout=60) as answer:
            text = b"" if path.partition("?")[0] in STREAMS else answer.read()
            return answer.status, answer.headers.get_content_type(), text
    except urllib.error.HTTPError as e:
        return e.code, e.headers.get_content_type(), e.read()


def filled(path):
    """A path with parameters that name nothing."""
    return "/".join("0" if part.startswith("{") else part for part in path.split("/"))


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def validator(document, schema):
    root = dict(schema, components=document["components"])
    return jsonschema.Draft202012Validator(root)


def check_document(document, routes):
    try:
        import openapi_spec_validator
        openapi_spec_validator.validate(document)
        tap(True, "the document is OpenAPI 3.1, says openapi-spec-validator")
    except ImportError:
        tap(document["openapi"].startswith("3.1."), "the document says that it is OpenAPI 3.1")
    bad = []
    for name, schema in document["components"]["schemas"].items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as e:
            bad.append(f"{name}: {e.message}")
    tap(not bad, "its schemas are JSON schemas", bad)
    lost = [r for r in references(document) if not resolves(document, r)]
    tap(not lost, "its references lead somewhere", lost)
    said = {(m, p): o.get("x-role") for m, p, o in operations(document)}
    real = {(r["method"], r["path"]): r["role"] for r in routes}
    optional = {("GET", "/metrics")}  # a setting
    missing = [k for k in real if k not in said]
    extra = [k for k in said if k not in real and k not in optional]
    other = [k for k in real if k in said and said[k] != real[k] and k not in optional]
    tap(not missing, "each route of the service is in the document", missing)
    tap(not extra, "each operation of the document is a route of the service", extra)
    tap(not other, "with the same role", other)
    ids = [o["operationId"] for _, _, o in operations(document)]
    tap(len(ids) == len(set(ids)), "operation ids are different")
    wrong = [p for _, p, o in operations(document)
             if {x[1:-1] for x in p.split("/") if x.startswith("{")}
             != {x["name"] for x in o.get("parameters", []) if x["in"] == "path"}]
    tap(not wrong, "the parameters of its paths are declared", wrong)


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for v in value.values():
            yield from references(v)
    elif isinstance(value, list):
        for v in value:
            yield from references(v)


def resolves(document, reference):
    at = document
    for part in reference.lstrip("#/").split("/"):
        at = at.get(part) if isinstance(at, dict) else None
    return at is not None


def check_roles(routes):
    """Each role on each route: 401 without a token, 403 below the route's role,
    and neither from it on."""
    for route in sorted(routes, key=lambda r: (r["path"], r["method"])):
        method, path, need = route["method"], filled(route["path"]), route["role"]
        # A body that no handler takes: nothing is to happen here.
        body = {"nodes": 0, "no such member": 0, "force": 0} if method in ("POST", "PATCH") else None
        wrong = []
        for who in ("anyone", "viewer", "operator", "admin"):
            status = call(method, path, TOKENS.get(who), body)[0]
            if LADDER.index(who) >= LADDER.index(need):
                expected = status not in (401, 403, 429)
            else:
                expected = status == (401 if who == "anyone" else 403)
            if not expected or status >= 500:
                wrong.append(f"{who}: {status}")
        tap(not wrong, f"{method} {route['path']} is for {need} and above", wrong)


def check_answers(document):
    """What GETs answer fits the document; and so do errors."""
    problem = validator(document, {"$ref": "#/components/schemas/Problem"})
    wrong, seen = [], 0
    for method, path, operation in operations(document):
        if method != "GET" or path in STREAMS:
            continue
        status, kind, text = call(method, filled(path), TOKENS["admin"])
        if status == 200:
            schema = operation["responses"]["200"]["content"].get(kind, {}).get("schema")
            if schema is None:
                wrong.append(f"{path}: {kind}")
            elif kind == "application/json":
                wrong += [f"{path}: {e.message}" for e in
                          validator(document, schema).iter_errors(json.loads(text))]
        elif kind != "application/problem+json":
            wrong.append(f"{path}: {status} is {kind}")
        else:
            wrong += [f"{path}: {e.message}" for e in problem.iter_errors(json.loads(text))]
        seen += 1
    tap(seen > 15 and not wrong, f"what {seen} GETs answer is as the document says", "\n".join(wrong))


def main():
    status, _, text = call("GET", "/api/v1", TOKENS["admin"])
    routes = json.loads(text)["routes"] if status == 200 else []
    tap(len(routes) > 30, f"the service tells its {len(routes)} routes")
    status, kind, text = call("GET", "/api/v1/openapi.json", TOKENS["viewer"])
    document = json.loads(text)
    tap(status == 200 and kind == "application/openapi+json", "and serves its document")
    check_document(document, routes)
    check_roles(routes)
    check_answers(document)
    print(f"1..{number}")


main()
