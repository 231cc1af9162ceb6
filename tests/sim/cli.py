# cli.py - the command line of an emulated device, to be run by a real sshd
# (integration/cli-lib.sh).  A device is a program beside this file:
#
#   import cli
#   class Switch(cli.Cli):
#       banner = "Made-up switch"
#       def prompt(self): return "sw:admin> "
#       def do_version(self, words): self.say("Fabric OS:  v1.2.3")
#   Switch().main()
#
# A command is the function do_NAME or do_NAME_SECOND ("show oa" -> do_show_oa),
# the longest that there is; `words` are what follows.  In it: say(line ...),
# ask(question) -> answer, secret(question), hang_up(), self.state (a JSON
# object that the device keeps, also for its other sessions: change it within
# `with self.changing() as state:`), self.how.
#
# The first argument is the device's folder.  There:
#   how    NAME=VALUE, one a line: what it is and what goes wrong, read anew
#          with each command.  For all devices:
#            cut=REGEX       the connection breaks when a command like this came,
#                            before anything is said; cut-after=REGEX: when it is done
#            once=FILE       cut only while this file isn't there; it is made
#            hangup=REGEX    the device ends the conversation instead
#            silent=REGEX    it says nothing more
#            garbage=REGEX   it says something else
#            page=N          --More-- behind N lines
#            echo=no         it doesn't echo (it does, on a terminal of no echo, too)
#            confirm=no      ask() answers itself with the question's second argument
#   log    a line for each command, ask and answer; passwords aren't there
#   state.json
#
# SPDX-License-Identifier: Apache-2.0
import contextlib, fcntl, json, os, re, signal, sys, time, tty


class HungUp(Exception):
    pass


class Cli:
    banner = ""
    more = "--More--"

    def __init__(self):
        self.folder = sys.argv[1]
        self.how = {}
        self.lines = 0
        self.echo = True

    # ---- what a device says about itself

    def prompt(self):
        return "> "

    def initial(self):
        return {}

    def unknown(self, line):
        self.say("Invalid command")

    # ---- its folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self, text):
        with open(self.path("log"), "a") as f:
            f.write(text + "\n")

    def read_how(self):
        with open(self.path("how")) as f:
            self.how = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)

    @contextlib.contextmanager
    def changing(self):
        with open(self.path("state.json"), "a+") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            f.seek(0)
            state = json.loads(f.read() or "null")
            if state is None:
                state = self.initial()
            yield state
            f.seek(0)
            f.truncate()
            f.write(json.dumps(state))
            f.flush()

    @property
    def state(self):
        with self.changing() as state:
            return state

    # ---- its terminal

    def write(self, text):
        data = text.encode("utf-8", "surrogateescape")
        while data:
            data = data[os.write(1, data):]

    def read_key(self):
        data = os.read(0, 1)
        if not data or data == b"\x04":
            raise HungUp
        return data.decode("latin-1")

    def read_line(self, shown=True):
        line = ""
        while True:
            key = self.read_key()
            if key in "\r\n":
                break
            if key in "\b\x7f":
                line = line[:-1]
            else:
                line += key
                if shown and self.echo:
                    self.write(key)
        self.write("\r\n")
        return line.encode("latin-1").decode("utf-8", "surrogateescape")

    def say(self, *lines):
        page = int(self.how.get("page", 0))
        for line in lines:
            if page and self.lines == page:
                self.write(self.more)
                key = self.read_key()
                self.write("\r" + " " * len(self.more) + "\r")
                self.lines = 0
                if key in "qQ":
                    return
            self.write(line + "\r\n")
            self.lines += 1

    def ask(self, question, otherwise="YES"):
        if self.how.get("confirm") == "no":
            return otherwise
        self.write(question)
        answer = self.read_line()
        self.log(f"{question.strip()} -> {answer}")
        return answer

    def secret(self, question):
        self.write(question)
        answer = self.read_line(shown=False)
        self.log(f"{question.strip()} -> ({len(answer)} bytes)")
        return answer

    def hang_up(self):
        raise HungUp

    def cut(self):
        """The connection breaks: sshd, which is our parent, or its shell's, is gone."""
        once = self.how.get("once")
        if once:
            if os.path.exists(once):
                return
            open(once, "w").close()
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)

    # ---- commands

    def is_to(self, fault, line):
        return fault in self.how and re.search(self.how[fault], line, re.I)

    def run(self, line):
        words = line.split()
        for n in range(len(words), 0, -1):
            name = "do_" + "_".join(words[:n]).lower().replace("-", "_")
            do = getattr(self, name, None) if name.isidentifier() else None
            if do:
                return do(words[n:])
        self.unknown(line)

    def command(self, line):
        self.read_how()
        self.log(line)
        self.lines = 0
        if self.is_to("cut", line):
            self.cut()
        if self.is_to("hangup", line):
            self.hang_up()
        if self.is_to("silent", line):
            while True:
                time.sleep(3600)
        if self.is_to("garbage", line):
            return self.say("\x1b[31m\x01\xff?! %n%s {\"", "<a>" * 100)
        self.run(line)
        if self.is_to("cut-after", line):
            self.cut()

    def begin(self):
        """Before the first prompt."""

    def do_exit(self, words):
        self.hang_up()

    def main(self):
        if os.isatty(0):
            tty.setcbreak(0)
        try:
            self.read_how()
            self.echo = self.how.get("echo") != "no"
            with self.changing():
                pass
            if self.banner:
                self.say(*self.banner.split("\n"))
            self.begin()
            # `ssh node command` runs that alone.
            if os.environ.get("SSH_ORIGINAL_COMMAND"):
                return self.command(os.environ["SSH_ORIGINAL_COMMAND"])
            while True:
                self.write(self.prompt())
                line = self.read_line().strip()
                if line:
                    self.command(line)
        except (HungUp, KeyboardInterrupt, BrokenPipeError, OSError) as e:
            if isinstance(e, OSError) and not isinstance(e, BrokenPipeError):
                self.log(f"# {e}")
