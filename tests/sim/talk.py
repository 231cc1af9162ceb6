# talk.py - a device as small as can be, for integration/dialogue.sh.
# SPDX-License-Identifier: Apache-2.0
import cli


class Talk(cli.Cli):
    banner = "\x1b[1mMade-up device\x1b[0m\nType help."

    def prompt(self):
        return "\r\ntalk> "

    def do_show(self, words):
        self.say(*[f"line {n}" for n in range(1, 51)])

    def do_erase(self, words):
        self.say("All will go." if self.ask("Type YES to go on: ") == "YES" else "Nothing was done.")

    def do_load(self, words):
        self.say("loaded" if self.secret("Password: ") == "it's s3cret" else "refused: " + " ".join(words))

    def do_pipe(self, words):
        self.say(f"with {' '.join(words)}" if "".join(words) != "it'ss3cret" else "with the password")


Talk().main()
