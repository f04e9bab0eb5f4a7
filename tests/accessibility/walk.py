"""What a screen reader hears of the program: starts it on this desktop's accessibility bus, opens every page and one dialog of the
first key through the bus, and writes what is there: {"pages": {name: [node…]}, "dialog": [node…]}, node = {role, name, actions,
focusable}. The page before any was opened has the empty name.

Called as: walk.py FILE BUTTON PROGRAM ARGUMENT… – inside a D-Bus session of its own. BUTTON opens the dialog."""

import json
import subprocess
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402

PATIENCE = 40.0


def switch_on():
    """Tells programs that somebody listens, as a screen reader does when it starts."""
    bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    value = GLib.Variant("(ssv)", ("org.a11y.Status", "IsEnabled", GLib.Variant("b", True)))
    bus.call_sync(
        "org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties", "Set", value, None, Gio.DBusCallFlags.NONE, -1, None
    )


def wait_for(what, look):
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            found = look()
        except GLib.Error:
            # the tree changed under the question
            found = None
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit(f"{what} never came")


def children(node):
    return [child for child in (node.get_child_at_index(at) for at in range(node.get_child_count())) if child]


def nodes(node):
    yield node
    for child in children(node):
        yield from nodes(child)


def actions(node):
    interface = node.get_action_iface()
    return [Atspi.Action.get_action_name(interface, at) for at in range(Atspi.Action.get_n_actions(interface))] if interface else []


def seen(node):
    states = node.get_state_set()
    return {
        "role": node.get_role_name(),
        "name": node.get_name(),
        "actions": actions(node),
        "focusable": states.contains(Atspi.StateType.FOCUSABLE),
    }


def snapshot(root):
    """The whole tree, once it has come to rest."""
    before = None
    def rest():
        nonlocal before
        now = [seen(node) for node in nodes(root)]
        if now == before:
            return now
        before = now
        return None
    return wait_for("rest", rest)


def window_of(program):
    """The window of a process that was started."""
    def window():
        windows = (child for application in children(Atspi.get_desktop(0)) for child in children(application))
        return next((window for window in windows if window.get_process_id() == program.pid), None)
    return wait_for("the window", window)


def press(root, role, name):
    def found():
        return next((node for node in nodes(root) if node.get_role_name() == role and node.get_name() == name and actions(node)), None)
    node = wait_for(f"{role} {name}", found)
    Atspi.Action.do_action(node.get_action_iface(), 0)


def main():
    file, button, *command = sys.argv[1:]
    switch_on()
    Atspi.init()
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        root = window_of(program)
        def tabs():
            return [node.get_name() for node in nodes(root) if node.get_role_name() == "page tab"]
        names = wait_for("the pages", tabs)
        wait_for("a key", lambda: [node for node in nodes(root) if node.get_role_name() == "list item" and actions(node)])
        pages = {"": snapshot(root)}
        for name in names:
            press(root, "page tab", name)
            pages[name] = snapshot(root)
        first = next(node for node in pages[""] if node["role"] == "list item" and node["actions"])
        press(root, "list item", first["name"])
        press(root, "push button", button)
        wait_for("the dialog", lambda: [node for node in nodes(root) if node.get_role_name() == "dialog"])
        with open(file, "w", encoding="utf-8") as found:
            json.dump({"pages": pages, "dialog": snapshot(root)}, found, ensure_ascii=False)
    finally:
        program.kill()
        program.wait()


if __name__ == "__main__":
    main()
