# Drives a real shell in a pseudo terminal, as a person would: waits for each prompt, types, and ends. Reads a JSON object from
# stdin: {"argv": [...], "env": {...}, "cwd": "...", "prompt": "what a prompt ends with", "steps": [...]}; a step is a text to
# type, or {"type": "...", "wait": "text to wait for" | null, "seconds": 0.3}. Prints {"screen": "...", "code": n} at the end.
# Not for: what is to be captured, which the tests say.
import json
import os
import pty
import select
import signal
import sys
import time


def main():
    plan = json.load(sys.stdin)
    prompt = plan["prompt"].encode()
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(plan.get("cwd", "/"))
        os.execve(plan["argv"][0], plan["argv"], plan["env"])
    screen = b""
    seen = 0

    def read(until):
        nonlocal screen
        ready, _, _ = select.select([fd], [], [], max(0, until - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        screen += data
        # Terminals are asked where the cursor is and what they are; shells wait for the answer.
        if b"\x1b[6n" in data:
            os.write(fd, b"\x1b[1;1R")
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            os.write(fd, b"\x1b[?62c")
        return data != b""

    def wait(text, seconds):
        nonlocal seen
        end = time.monotonic() + seconds
        while True:
            at = screen.find(text, seen)
            if at >= 0:
                seen = at + len(text)
                return True
            if not read(end):
                return False

    wait(prompt, 10)
    for step in plan["steps"]:
        if isinstance(step, str):
            step = {"type": step + "\r", "wait": plan["prompt"]}
        data = step["type"].encode("utf-8", "surrogateescape")
        for at in range(0, len(data), 1024):
            os.write(fd, data[at : at + 1024])
            read(time.monotonic())
        if step.get("wait"):
            if not wait(step["wait"].encode(), step.get("seconds", 10)):
                break
        else:
            end = time.monotonic() + step.get("seconds", 0.3)
            while time.monotonic() < end and read(end):
                pass
            seen = len(screen)
    end = time.monotonic() + 5
    code = None
    while code is None:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
        elif time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            end += 60
        else:
            read(time.monotonic() + 0.05) or time.sleep(0.02)
    print(json.dumps({"screen": screen.decode("utf-8", "replace"), "code": code}))


main()
