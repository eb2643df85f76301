"""Run a module and end with the launcher: `python -m anlan.launcher.orphan LAUNCHER_PID MODULE ARGUMENTS`.

Only where the kernel cannot do it (macOS); on Linux the launcher asks for a signal instead.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def watch(launcher: int, pause: threading.Event) -> None:
    """End this process once its parent is another than `launcher`; looks every two seconds until `pause` is set."""
    while not pause.wait(2.0):
        if os.getppid() != launcher:
            os.kill(os.getpid(), signal.SIGTERM)
            return


if __name__ == "__main__":
    threading.Thread(target=watch, args=(int(sys.argv[1]), threading.Event()), daemon=True).start()
    module, sys.argv = sys.argv[2], sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
