"""Other people's os-ken apps and the topology: they ask for it, and hear of its changes."""

from __future__ import annotations

from pathlib import Path

import me_files
import pytest
from line_network import LineNetwork
from me_process import MeProcess

ASKER = """
from os_ken.base.app_manager import OSKenApp
from os_ken.controller.handler import set_ev_cls

from apps import topology_api
from controller import events


class Asker(OSKenApp):
    @set_ev_cls(events.EventNodeEnter)
    def on_enter(self, event):
        names = [node.name for node in topology_api.get_all_node(self)]
        self.logger.warning("entered: %s, one of %s", event.node, event.node in names)

    @set_ev_cls(events.EventTopologyChanged)
    def on_change(self, event):
        links = [f"{link.a}-{link.b}" for link in topology_api.get_all_link(self)]
        hosts = sorted(host.name for host in topology_api.get_host(self, "s1"))
        self.logger.warning("links %s, hosts at s1 %s", links, hosts)
"""


@pytest.mark.system
@pytest.mark.parametrize("hub", ["native", "eventlet"])
def test_apps_ask_and_hear(hub: str, tmp_path: Path) -> None:
    (tmp_path / "asker.py").write_text(ASKER)
    with LineNetwork(tmp_path) as network:
        arguments = me_files.write_files(tmp_path, me_files.describe_line(network.grpc_ports))
        # Its own module is all that is on the command line: what it needs is loaded with it.
        command = [str(tmp_path / "asker.py"), *arguments[1:]]
        with MeProcess(tmp_path, command, hub, network.command()) as me:
            me.wait_for(lambda: "entered: s2, one of True" in me.log, "a node enters")
            wanted = "links ['s1:2-s2:1'], hosts at s1 ['hA']"
            me.wait_for(lambda: wanted in me.log, "the app is answered")
            network.kill("s2")
            me.wait_for(lambda: "links [], hosts at s1 ['hA']" in me.log, "the link is gone")
            assert me.stop() == 0
            assert "Traceback" not in me.log
