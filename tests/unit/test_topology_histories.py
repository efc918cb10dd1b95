"""Discovery as a state machine: in every order of events, snapshots are consistent."""

from discovery_world import (
    DESCRIBED_MAC,
    LINE,
    MAC,
    NAMES,
    OTHER_MAC,
    World,
    check,
    described,
    port,
    replay,
    shown,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from controller.model.parts import NodeDescription

PORTS = st.builds(lambda n, p: f"{n}:{p}", st.sampled_from(NAMES), st.integers(1, 4))


class Histories(RuleBasedStateMachine):
    """Random histories: every snapshot is consistent, and every change was told."""

    @initialize(links=st.sampled_from([(), LINE, ("s1:1 s3:1",)]), hosts=st.booleans())
    def begin(self, links, hosts):
        self.world = World(
            described(links, {"hA": "s2:4"} if hosts else {}), LINE, host_timeout_s=4.0
        )

    @rule(name=st.sampled_from(NAMES), takes_part=st.booleans())
    def node_ready(self, name, takes_part):
        self.world.up(name, takes_part=takes_part)

    @rule(name=st.sampled_from(NAMES))
    def node_gone(self, name):
        self.world.down(name)

    @rule(name=st.sampled_from(NAMES))
    def node_removed(self, name):
        self.world.ready.pop(name, None)
        self.world.step(self.world.explorer.remove_node, name)

    @rule(name=st.sampled_from(NAMES))
    def node_added(self, name):
        node = NodeDescription(name, 1, "127.0.0.1:1", "p4runtime", None, "p", (1, 2, 3, 4))
        if name not in self.world.topology.nodes:
            self.world.step(self.world.explorer.add_node, node, ())

    @rule(one=PORTS, other=PORTS)
    def cable(self, one, other):
        """Plug a cable, out of whatever its ends were in."""
        for end in (port(one), port(other)):
            peer = self.world.cables.pop(end, None)
            self.world.cables.pop(peer, None)
        if one != other:
            self.world.plug(f"{one} {other}")

    @rule(one=PORTS, other=PORTS)
    def stray_frame(self, one, other):
        self.world.step(self.world.explorer.heard, port(one), port(other))

    @rule(
        at=PORTS,
        mac=st.sampled_from([MAC, OTHER_MAC, DESCRIBED_MAC]),
        ip=st.sampled_from([None, "10.0.0.1", "10.0.0.9"]),
    )
    def host(self, at, mac, ip):
        self.world.see(at, mac, ip)

    @rule(name=st.sampled_from(NAMES), number=st.integers(1, 4))
    def host_known_to_a_node(self, name, number):
        self.world.step(self.world.explorer.knew, name, {(number, MAC)})

    @rule(seconds=st.floats(0.01, 3.0))
    def time(self, seconds):
        self.world.run(seconds)

    @invariant()
    def consistent(self):
        if not hasattr(self, "world"):
            return
        for before, after, changes in self.world.told:
            check(after)
            assert replay(before, changes) == shown(after)
            assert (after is before) or after.version == before.version + 1
        self.world.told.clear()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=30)
