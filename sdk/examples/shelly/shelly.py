#!/usr/bin/python3 -IS
# shelly.py - plugs and relays of Shelly, second generation, as a plugin of
# Fettle in Python: fettle-exec(5) has the protocol, shelly-api-docs.shelly.cloud
# the device's.
#
# SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause
import json
import sys


class Failed(Exception):
    """A call of the host failed, which has said why."""


class Wrong(Exception):
    """The node did, and it is to be said why."""


def do(what, **rest):
    """One line to Fettle, one line back."""
    print(json.dumps({"do": what, **rest}), flush=True)
    answer = json.loads(sys.stdin.readline())
    if "failed" in answer:
        raise Failed(answer["failed"])
    return answer


def rpc(method):
    answer = do("http", port=80, flags=["plain"], path="/rpc/" + method)
    try:
        said = json.loads(answer.get("body", ""))
    except ValueError:
        said = None
    if answer["status"] == 401:
        raise Wrong("auth", "it wants a password, by digest, which this example can't")
    if answer["status"] != 200 or not isinstance(said, dict):
        raise Wrong("protocol", "%s answers %d and no object of JSON" % (method, answer["status"]))
    return said


def text(said, key):
    """What a node says is foreign: of a kind and length that nobody promised."""
    value = said.get(key)
    return value[:64] if isinstance(value, str) else None


def probe(call):
    try:
        said = rpc("Shelly.GetDeviceInfo")
    except Wrong:
        return {"score": 0}  # something else answers: that is no error
    return {"score": 90 if (text(said, "id") or "").startswith("shelly") and said.get("gen") == 2 else 0}


def inventory(call):
    said = rpc("Shelly.GetDeviceInfo")
    if not text(said, "ver") or not text(said, "app"):
        raise Wrong("protocol", "Shelly.GetDeviceInfo has no version or no application")
    status = rpc("Shelly.GetStatus").get("sys")
    offered = status.get("available_updates") if isinstance(status, dict) else None
    offered = offered.get("stable") if isinstance(offered, dict) else None
    if isinstance(offered, dict) and text(offered, "version"):
        do("log", level="info", text="the maker offers version " + text(offered, "version"))
    do("item", id="firmware", kind="firmware", name="%s firmware" % (text(said, "model") or "Shelly"),
       version=text(said, "ver"), scheme="semver", match="shelly:" + text(said, "app"))
    return {}


def activate(call):
    rpc("Shelly.Reboot")
    for _ in range(60):
        do("sleep", ms=2000)
        try:
            rpc("Shelly.GetDeviceInfo")
            return {}
        except Failed as why:
            if str(why) == "aborted":
                raise
    raise Wrong("timeout", "it isn't back two minutes after its restart")


def main():
    call = json.loads(sys.stdin.readline())
    operations = {"probe": probe, "inventory": inventory, "activate": activate}
    try:
        end = {"return": "ok", **operations[call["call"]](call)}
    except Failed as why:
        end = {"return": str(why)}
    except Wrong as why:
        end = {"return": why.args[0], "why": why.args[1]}
    print(json.dumps(end), flush=True)


main()
