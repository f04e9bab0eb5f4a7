"""A person restarts the program after a new version was installed over it, as seen over the accessibility bus.

Called as: restart.py PROGRAM NEW-PROGRAM SECOND-START – inside a D-Bus session of its own. PROGRAM is started, NEW-PROGRAM put in
its place, SECOND-START started as the menu would; then the button of the strip is pressed. Ends as PROGRAM has ended."""

import os
import subprocess
import sys

from walk import Atspi, press, switch_on, window_of

program, new, second = sys.argv[1:]
switch_on()
Atspi.init()
running = subprocess.Popen([program, "--practice"], stdin=subprocess.DEVNULL)
try:
    root = window_of(running)
    os.rename(new, program)
    subprocess.run([second, "--practice", "--open"], stdin=subprocess.DEVNULL, check=True)
    press(root, "push button", "重新启动")
    sys.exit(running.wait(40))
finally:
    running.kill()
    running.wait()
