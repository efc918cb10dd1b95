"""The worker's interfaces: missing, going down, disappearing, coming back."""

import pytest

from switch.dataplane.client import DataPlane
from switch.dataplane.errors import PortError
from switch.dataplane.messages import (
    Config,
    Replica,
)
from switch.p4json.objects import ActionCall
from tests.switch.planes import FRAME, insert
from tests.switch.wires import Wire, add_pair, own_namespace, run, wait_until

pytestmark = pytest.mark.system


def test_an_interface_that_does_not_exist_is_named(heard):
    with own_namespace():
        add_pair("s1d1", "s1h1")
        with pytest.raises(PortError, match="port 2: cannot open interface 's1nowhere'"):
            DataPlane(1, {1: "s1d1", 2: "s1nowhere"}, None, heard.listeners()).start()
    assert heard.exits == []


def test_an_interface_may_go_down_and_come_up_again(plane, heard):
    run("ip", "link", "set", "s1d2", "down")
    wait_until(lambda: heard.status[-1:] == [(2, False)], "port 2 is reported down")
    assert plane.ports() == {1: True, 2: False}
    plane.wires[1].send(FRAME)
    wait_until(lambda: plane.statistics()["dropped.send_failed"] == 1, "the drop is counted")
    run("ip", "link", "set", "s1d2", "up")
    wait_until(lambda: heard.status[-1:] == [(2, True)], "port 2 is reported up")
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    plane.wires[2].send(FRAME)
    assert plane.wires[1].receive() == FRAME


def test_an_interface_may_disappear_and_come_back(plane, heard):
    run("ip", "link", "del", "s1d2")
    wait_until(lambda: heard.status[-1:] == [(2, False)], "port 2 is reported down")
    plane.wires[1].send(FRAME)
    wait_until(lambda: plane.statistics()["dropped.send_failed"] == 1, "the drop is counted")
    add_pair("s1d2", "s1h2")
    wait_until(lambda: heard.status[-1:] == [(2, True)], "port 2 is reported up")
    wire = Wire("s1h2")
    plane.wires[1].send(FRAME)
    assert wire.receive() == FRAME
    wire.send(FRAME)
    assert plane.wires[1].receive() == FRAME
    wire.close()
    counts = plane.statistics()  # none is forgotten with the sockets of the former interface
    assert (counts["received"], counts["sent"], counts["dropped.send_failed"]) == (3, 2, 1)


def test_backup_ports_stand_in_while_a_port_is_down(plane, heard):
    plane.set_multicast_group(5, [Replica(2, 0, ((1, 7),))])
    spread = ActionCall("spread", (5,))
    plane.write_table(Config.RUNNING, [insert(2, spread)])
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
    run("ip", "link", "set", "s1d2", "down")
    wait_until(lambda: heard.status[-1:] == [(2, False)], "port 2 is reported down")
    plane.wires[1].send(FRAME)
    assert plane.wires[1].receive() == FRAME
    run("ip", "link", "set", "s1d2", "up")
    wait_until(lambda: heard.status[-1:] == [(2, True)], "port 2 is reported up")
    plane.wires[1].send(FRAME)
    assert plane.wires[2].receive() == FRAME
