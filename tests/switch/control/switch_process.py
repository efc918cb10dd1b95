"""Runs `python -m switch` and network interfaces for it.

The switch's ends of the links are in this network namespace, the other ends in one made for the
test, as in Mininet; a test holds packet sockets on those.
"""

import ctypes
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

from p4rt import CPU_PORT, DEVICE_ID, PROGRAMS, TIMEOUT_S, Client

READY_TIMEOUT_S = 60
END_TIMEOUT_S = 30
ETH_P_ALL = 3
CLONE_NEWNET = 0x40000000


class SwitchProcess:
    """The command under test."""

    def __init__(self, *arguments, log=subprocess.PIPE):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "switch", "--device-id", str(DEVICE_ID), *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self.clients = []

    def wait_ready(self):
        """The line that says the switch is ready."""
        readable, _, _ = select.select([self.process.stdout], [], [], READY_TIMEOUT_S)
        line = self.process.stdout.readline() if readable else ""
        assert "is ready" in line, line + self.kill()
        self.grpc = re.search(r"P4Runtime at (\S+?)(?: over TLS)?,", line).group(1)
        found = re.search(r"Thrift at (\S+?),", line)
        self.thrift = found.group(1) if found else None
        found = re.search(r"metrics at (\S+?),", line)
        self.metrics = found.group(1) if found else None
        return line

    def worker_id(self):
        """The process id of the data-plane worker."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children, encoding="ascii") as file:
            (worker,) = file.read().split()
        return int(worker)

    def primary(self, election_id=1):
        client = Client(self.grpc, election_id)
        self.clients.append(client)
        client.primary_stream = client.become_primary()
        return client

    def end(self, number=signal.SIGTERM):
        """Send a signal and wait; exit status and standard error."""
        self.process.send_signal(number)
        return self.wait_end()

    def wait_end(self):
        _, errors = self.process.communicate(timeout=END_TIMEOUT_S)
        return self.process.returncode, errors

    def kill(self):
        for client in self.clients:
            client.close()
        self.process.kill()
        return self.process.communicate(timeout=END_TIMEOUT_S)[1]


@contextmanager
def running_switch(*arguments, log=subprocess.PIPE):
    """A switch that is ready; it is killed at the end if it still runs."""
    switch = SwitchProcess("--grpc", "127.0.0.1:0", *arguments, log=log)
    try:
        switch.wait_ready()
        yield switch
    finally:
        if switch.process.poll() is None:
            switch.kill()


def refused(*arguments):
    """What a switch that does not start says."""
    switch = SwitchProcess(*arguments)
    try:
        status, errors = switch.wait_end()
    finally:
        if switch.process.poll() is None:
            switch.kill()
    assert status == 1, errors
    assert "Traceback" not in errors
    return errors


def is_alive(process_id):
    """Whether a process runs; a zombie does not."""
    try:
        with open(f"/proc/{process_id}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


class Link:
    """The far end of a link to the switch."""

    def __init__(self, sock):
        self._socket = sock

    def fileno(self):
        return self._socket.fileno()

    def send(self, frame):
        self._socket.send(frame)

    def receive(self, timeout=TIMEOUT_S):
        """The next frame; None if there is none in time."""
        readable, _, _ = select.select([self._socket], [], [], timeout)
        return self._socket.recv(65536) if readable else None


@contextmanager
def links(count):
    """So many links: {port: (interface of the switch, Link)}."""
    tag = f"{os.getpid() % 10000}{time.monotonic_ns() % 1000}"
    namespace = f"s2c-{tag}"
    ip("netns", "add", namespace)
    made = {}
    try:
        for port in range(1, count + 1):
            near, far = f"s2c{tag}p{port}", f"far{port}"
            ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", namespace)
            for prefix, name in (((), near), (("-n", namespace), far)):
                ip(*prefix, "link", "set", name, "addrgenmode", "none")
                ip(*prefix, "link", "set", name, "up")
            made[port] = (near, Link(_socket_in(namespace, far)))
        yield made
    finally:
        for _, link in made.values():
            link._socket.close()
        ip("netns", "del", namespace)


def _socket_in(namespace, interface):
    """A packet socket on an interface in another namespace, made by a thread that goes there."""
    made = []

    def make():
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{namespace}", "rb") as file:
            if libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.bind((interface, ETH_P_ALL))
        made.append(sock)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


def with_links(made):
    """The arguments that make links a switch's ports, and everything.p4 its program."""
    arguments = ["--cpu-port", str(CPU_PORT)]
    for port, (interface, _) in made.items():
        arguments += ["-i", f"{port}@{interface}"]
    program = ["--program", str(PROGRAMS / "everything.json")]
    return [*arguments, *program, "--p4info", str(PROGRAMS / "everything.p4info.txtpb")]
