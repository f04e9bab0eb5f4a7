"""socket_activation.py SOCKET COMMAND...: runs a service on a socket of its own.

A second pcscd beside the system's only starts when it is handed its socket the way systemd does it: as descriptor 3, with
LISTEN_FDS and LISTEN_PID. Prints one line when clients can connect; dies with the test that started it.
"""
import ctypes
import os
import signal
import socket
import sys

PR_SET_PDEATHSIG = 1

ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
path = sys.argv[1]
try:
    os.unlink(path)
except FileNotFoundError:
    pass
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path)
listener.listen(64)
if listener.fileno() != 3:
    os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
print("listening", flush=True)
os.dup2(2, 1)
os.execvp(sys.argv[2], sys.argv[2:])
