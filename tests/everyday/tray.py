"""A tray: says what registers, and does what it is told with the icon: menu, click LABEL, activate."""
import sys, gi
from gi.repository import Gio, GLib
XML = '''<node><interface name="org.kde.StatusNotifierWatcher">
<method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
<property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
<property name="ProtocolVersion" type="i" access="read"/>
<property name="RegisteredStatusNotifierItems" type="as" access="read"/></interface></node>'''
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
item = None
def say(*words): print(*words, flush=True)
def called(c, sender, path, iface, method, args, invocation):
    global item
    item = args[0]
    invocation.return_value(None)
    say('registered')
def get(c, sender, path, iface, name):
    return GLib.Variant('b', True) if name.startswith('Is') else GLib.Variant('i', 0)
bus.register_object('/StatusNotifierWatcher', Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], called, get, None)
Gio.bus_own_name_on_connection(bus, 'org.kde.StatusNotifierWatcher', 0, lambda *_: say('ready'), None)
def call(path, iface, method, args):
    return bus.call_sync(item, path, iface, method, args, None, 0, 20000, None)
def menu():
    layout = call('/MenuBar', 'com.canonical.dbusmenu', 'GetLayout', GLib.Variant('(iias)', (0, -1, []))).unpack()
    return [(entry[0], entry[1].get('label', '')) for entry in layout[1][2]]
def told(source, condition):
    words = sys.stdin.readline().split()
    if not words: loop.quit()
    elif words[0] == 'menu': say('|'.join(label for _, label in menu()))
    elif words[0] == 'click':
        number = [id for id, label in menu() if label == words[1]][0]
        call('/MenuBar', 'com.canonical.dbusmenu', 'Event', GLib.Variant('(isvu)', (number, 'clicked', GLib.Variant('i', 0), 0)))
        say('clicked')
    elif words[0] == 'activate':
        call('/StatusNotifierItem', 'org.kde.StatusNotifierItem', 'Activate', GLib.Variant('(ii)', (0, 0)))
        say('activated')
    return True
loop = GLib.MainLoop()
GLib.io_add_watch(0, GLib.IO_IN, told)
loop.run()
