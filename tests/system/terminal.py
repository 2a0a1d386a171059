"""Runs a command in a terminal of its own, as a window does: closes it when stdin ends, then says how the command ended, as a line of JSON."""

import json
import os
import pty
import select
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    ready, _, _ = select.select([0, terminal], [], [])
    if 0 in ready and not os.read(0, 4096):
        break
    if terminal in ready:
        try:
            words = os.read(terminal, 65536)
        except OSError:
            break
        os.write(2, words)
os.close(terminal)
_, status = os.waitpid(pid, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)
