# How long a real shell takes from Enter to the next prompt, in a pseudo terminal, with the hook and without. Two shells run
# side by side and are asked in turn, so that whatever else the machine does meets both. Arguments: a JSON object
# {"argv": [...], "env": {...with a HOME that has no hook}, "hooked": {...with one that has}, "prompt": "...", "count": 1000,
# "line": ":", "cwd": "..."}. Prints {"count", "without": {"p50", "p99"}, "with": {...}, "added": {...}} in ms; `added` is
# what a percentile of the one is above that of the other.
# Not for: whether what is recorded is right (drive.py).
import json
import os
import pty
import select
import signal
import sys
import time


class Shell:
    def __init__(self, plan, env):
        self.prompt = plan["prompt"].encode()
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(plan.get("cwd", "/"))
            os.execve(plan["argv"][0], plan["argv"], env)
        self.wait(20)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while self.prompt not in self.seen:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise SystemExit("no prompt came: " + self.seen[-500:].decode("utf-8", "replace"))
            data = os.read(self.fd, 65536)
            if b"\x1b[6n" in data:
                os.write(self.fd, b"\x1b[1;1R")
            if b"\x1b[c" in data or b"\x1b[0c" in data:
                os.write(self.fd, b"\x1b[?62c")
            self.seen += data
        self.seen = self.seen[self.seen.rindex(self.prompt) + len(self.prompt) :]

    def enter(self, line):
        """ms from Enter to the prompt; what is typed before it is drawn first."""
        os.write(self.fd, line.encode())
        end = time.monotonic() + 0.004
        while select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
            os.read(self.fd, 65536)
        self.seen = b""
        begun = time.perf_counter()
        os.write(self.fd, b"\r")
        self.wait(20)
        return (time.perf_counter() - begun) * 1000

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def main():
    plan = json.loads(sys.argv[1])
    shells = {"without": Shell(plan, plan["env"]), "with": Shell(plan, plan["hooked"])}
    times = {name: [] for name in shells}
    for name in shells:
        for _ in range(20):
            shells[name].enter(plan.get("line", ":"))
    for turn in range(plan.get("count", 1000)):
        for name in list(shells)[:: 1 if turn % 2 else -1]:
            times[name].append(shells[name].enter(plan.get("line", ":")))
    for shell in shells.values():
        shell.end()
    figures = {}
    for name, taken in times.items():
        taken.sort()
        figures[name] = {"p50": taken[len(taken) // 2], "p99": taken[int(len(taken) * 0.99)]}
    figures["added"] = {p: figures["with"][p] - figures["without"][p] for p in ("p50", "p99")}
    rounded = {name: {p: round(ms, 3) for p, ms in each.items()} for name, each in figures.items()}
    print(json.dumps({"count": len(times["with"]), **rounded}))


main()
