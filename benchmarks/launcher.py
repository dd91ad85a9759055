"""Start one command, wait for it and write what it took, as JSON, to a file descriptor.

The kernel hands the peak memory of a process on to what it starts. The benchmarks themselves have
held whole results in memory; this process is too small to matter.
"""

import json
import os
import sys
import time


def main() -> int:
    """Run `launcher.py DESCRIPTOR COMMAND...`; exit as the command did."""
    descriptor, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(descriptor, False)
    started = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    figures = {
        "wall_s": time.perf_counter() - started,
        "user_s": usage.ru_utime,
        "system_s": usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    os.write(descriptor, json.dumps(figures).encode())
    # Killed by a signal: as a shell would say it.
    exit_code = os.waitstatus_to_exitcode(status)
    return exit_code if exit_code >= 0 else 128 - exit_code


if __name__ == "__main__":
    sys.exit(main())
