"""One tool over one window: one.py TOOL SECONDS FOLDER WORKLOAD

Says `ready` when the tool is set up, waits for a line, says `begun` when its window is open, and prints what came of it
as JSON. What the tool itself prints goes to standard error.
"""

import importlib
import json
import os
import sys
import time

from work import Work


def main():
    tool, seconds, folder, binary = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    os.chdir(folder)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    said = {"begun": False}

    def begun():
        if not said["begun"]:
            said["begun"] = True
            answers.write("begun\n")

    found = {"stage": "setup"}
    work = Work(float(seconds), folder, binary, begun)
    try:
        module = importlib.import_module(f"tool_{tool}")
        found |= {"version": module.VERSION, "settings": module.SETTINGS}
        measure = module.prepare()
        time.sleep(1.0)  # threads that a tool starts have begun
        answers.write("ready\n")
        sys.stdin.readline()
        found["stage"] = "window"
        called = time.monotonic()
        found |= measure(work)
        found |= {"stage": "done", "called": [called, time.monotonic()]}
    except (Exception, SystemExit) as error:
        found["error"] = f"{type(error).__name__}: {error}"
    found |= {"begin": work.begin, "end": work.end, "counted": work.counted}
    answers.write(json.dumps(found) + "\n")
    answers.flush()
    os._exit(0)  # no tool's thread may keep the harness waiting


if __name__ == "__main__":
    main()
