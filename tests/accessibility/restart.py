"""A person restarts the program after a new version was installed over it, as seen over the accessibility bus.

Called as: restart.py PROGRAM NEW-PROGRAM SECOND-START – inside a D-Bus session of its own. PROGRAM is started, NEW-PROGRAM put in
its place, SECOND-START started as the menu would; then the button of the strip is pressed. Good when PROGRAM has ended and a window of
another process is there, which is then asked to end."""

import os
import subprocess
import sys

from walk import Atspi, children, press, switch_on, wait_for, window_of

program, new, second = sys.argv[1:]
switch_on()
Atspi.init()
running = subprocess.Popen([program, "--practice"], stdin=subprocess.DEVNULL)
try:
    root = window_of(running)
    os.rename(new, program)
    subprocess.run([second, "--practice", "--open"], stdin=subprocess.DEVNULL, check=True)
    press(root, "push button", "重新启动")
    ended = running.wait(40)

    def another():
        windows = (child for application in children(Atspi.get_desktop(0)) for child in children(application))
        return next((window for window in windows if window.get_process_id() not in (0, running.pid)), None)

    wait_for("the window of the new version", another)
    subprocess.run([second, "--quit"], stdin=subprocess.DEVNULL, check=True)
    sys.exit(ended)
finally:
    running.kill()
    running.wait()
