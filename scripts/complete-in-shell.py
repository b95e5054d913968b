#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Types command lines into a real shell on a pseudo-terminal, presses the tab key, and prints what the shell would then run.

    scripts/complete-in-shell.py bash|zsh|fish COMPLETION-SCRIPT LINE...

The answer is a JSON array: for each line the array of its words, as the shell itself reads them.
"""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import sys
import tempfile
import time

PATIENCE = 90.0
PROMPT = "ready-for-a-line> "

# What a shell begins with. `show` writes its arguments down, which end with a number of their own.
STARTS = {
    "bash": (
        ["bash", "--noprofile", "--rcfile", "{place}/start", "-i"],
        "PS1='{prompt}'; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; source '{script}'\n"
        "show() {{ printf '<%s>' \"$@\" >'{place}/new' && mv '{place}/new' '{place}/result'; }}\n",
    ),
    "zsh": (
        ["zsh", "-d", "-i"],
        "PS1='{prompt}'; unsetopt zle_bracketed_paste list_beep; fpath=('{folder}' $fpath); bindkey -e\n"
        "autoload -Uz compinit && compinit -u -d '{place}/dump'\n"
        "show() {{ printf '<%s>' \"$@\" >'{place}/new' && mv '{place}/new' '{place}/result'; }}\n",
    ),
    "fish": (
        ["fish", "--no-config", "-i", "-C", "source '{place}/start'"],
        "source '{script}'; function fish_prompt; printf '{prompt}'; end; function fish_greeting; end\n"
        "function show; printf '<%s>' $argv >'{place}/new'; and mv '{place}/new' '{place}/result'; end\n",
    ),
}


class Shell:
    """One on a pseudo-terminal of its own."""

    def __init__(self, name: str, script: str, place: pathlib.Path) -> None:
        self.name = name
        self.place = place
        self.seen = b""
        self.count = 0
        words, start = STARTS[name]
        names = {"place": place, "prompt": PROMPT, "script": script, "folder": os.path.dirname(script)}
        (place / "start").write_text(start.format(**names))
        shutil.copy(place / "start", place / ".zshrc")
        words = [word.format(**names) for word in words]
        pid, self.file = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm", ZDOTDIR=str(place), HISTFILE="")
            os.execvp(words[0], words)
        self.pid = pid
        self.wait(lambda: PROMPT.encode() in self.seen, "its prompt")

    def close(self) -> None:
        os.close(self.file)
        os.waitpid(self.pid, 0)

    def read(self, seconds: float) -> bool:
        """Whether anything came in that time."""
        if not select.select([self.file], [], [], seconds)[0]:
            return False
        try:
            self.seen += os.read(self.file, 65536)
        except OSError:
            sys.exit(f"{self.name} has ended: {self.seen[-2000:]!r}")
        return True

    def wait(self, condition, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"{self.name}: {what} didn't come within {PATIENCE:.0f} s; seen: {self.seen[-2000:]!r}")
            self.read(0.05)

    def write(self, text: str) -> None:
        os.write(self.file, text.encode())
        # A shell reads its keys in their order, however long one takes it: this only keeps the screen in order.
        while self.read(0.2):
            pass

    def completed(self, line: str) -> list[str]:
        self.count += 1
        result = self.place / "result"
        end = f"<end-{self.count}>"
        self.write(line)
        self.write("\t")
        # To the beginning of the line, where the command becomes an argument.
        self.write("\x01show \x05 " + end[1:-1] + "\r")
        self.wait(lambda: result.exists() and result.read_text().endswith(end), f"the answer to {line!r}")
        return re.findall(r"<(.*?)>(?=<|$)", result.read_text(), re.DOTALL)[:-1]


def main(name: str, script: str, lines: list[str]) -> None:
    place = pathlib.Path(tempfile.mkdtemp(prefix="complete-"))
    try:
        shell = Shell(name, os.path.abspath(script), place)
        print(json.dumps([shell.completed(line) for line in lines], ensure_ascii=False))
        shell.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
