"""First process of a Ray node: starts it on its cores, reaps what it leaves, tells CPU used, and ends everything when its keeper is gone.

In a PID namespace it is process 1, so the kernel ends all others with it. Without one it is two child subreapers, one below the other: the
inner does the work; when the outer is killed the inner ends everything, when the inner is killed its orphans come to the outer, which ends them.
Commands come as lines on stdin (`cpu`, `stop`); its end is the order to stop. Answers are lines of JSON on stdout.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
LOOK_EVERY_S = 1.0


def processes():
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="latin1") as file:
                text = file.read()
        except OSError:
            continue
        yield int(name), text[text.rindex(")") + 2 :].split()


def descendants():
    """Everything below us, by parent: orphans come to us, so nothing escapes the tree."""
    parents = {pid: (int(fields[1]), fields) for pid, fields in processes()}
    mine = {os.getpid()}
    grew = True
    while grew:
        grew = False
        for pid, (parent, _) in parents.items():
            if parent in mine and pid not in mine:
                mine.add(pid)
                grew = True
    mine.discard(os.getpid())
    return {pid: parents[pid][1] for pid in mine}


class Cpu:
    """CPU milliseconds of everything below us, also of what is gone. It never goes back.

    The tree counts what parents have reaped; but a parent that ignores SIGCHLD, as Ray's does, never adds its dead children up.
    So each process is looked at once a second and its last reading kept; the larger of the two sums counts.
    """

    def __init__(self):
        self.last = {}
        self.ms = 0

    def look(self):
        below = descendants()
        for pid, fields in below.items():
            self.last[(pid, fields[19])] = int(fields[11]) + int(fields[12])
        tree = sum(sum(int(field) for field in fields[11:15]) for fields in below.values()) * 1000 / TICKS
        own = os.times()
        reaped = (own.children_user + own.children_system) * 1000
        self.ms = max(self.ms, int(tree + reaped), int(sum(self.last.values()) * 1000 / TICKS))
        return self.ms


def kill_all():
    limit = time.monotonic() + 10
    while time.monotonic() < limit:
        below = [pid for pid, fields in descendants().items() if fields[0] != "Z"]
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        reap()
        if not below:
            return
        time.sleep(0.01)


def reap():
    ended = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = os.waitstatus_to_exitcode(status)


def say(**words):
    try:
        print(json.dumps(words), flush=True)
    except OSError:
        pass


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def under_watch():
    """Goes on as the inner of two subreapers; the outer stays here and ends whatever the inner leaves."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    outer = os.getpid()
    inner = os.fork()
    if inner == 0:
        # Blocked until its handler is there; a parent that is gone already sends none.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != outer:
            os._exit(1)
        return
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    while os.wait()[0] != inner:
        pass
    kill_all()
    os._exit(0)


def main():
    with open(sys.argv[1], encoding="utf8") as file:
        spec = json.load(file)
    is_watched = os.getpid() != 1
    if is_watched:
        # A group of our own: a Ctrl-C at the terminal is for the worker to handle.
        os.setsid()
        under_watch()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.sched_setaffinity(0, spec["cores"])
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told = []
    if is_watched:
        signal.signal(signal.SIGTERM, lambda *_: told.append("the outer one is gone"))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    with open(spec["log"], "ab") as log:
        node = subprocess.Popen(
            spec["argv"], env=spec["env"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=spec["cwd"], start_new_session=True
        )
    say(started=node.pid)
    cpu = Cpu()
    while True:
        ready, _, _ = select.select([0, wake_read], [], [], LOOK_EVERY_S)
        cpu.look()
        if told:
            kill_all()
            return
        if wake_read in ready:
            os.read(wake_read, 4096)
            ended = reap()
            if node.pid in ended:
                kill_all()
                say(exited=ended[node.pid])
                return
        if 0 in ready:
            line = os.read(0, 4096)
            if not line or b"stop" in line:
                kill_all()
                say(exited=0)
                return
            if b"cpu" in line:
                say(cpuMs=cpu.ms)


main()
