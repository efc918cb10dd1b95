"""A management entity over a model world: what migration tests set up, and what they check."""

from __future__ import annotations

import random
from collections.abc import Mapping

from finsy.p4entity import P4TableAction, P4TableEntry, P4TableMatch
from model_node import ModelNode
from model_world import Fault, World, nothing
from networks import line
from p4info_samples import P4InfoBuilder, add_l2, gate_program, plain_program

from controller.migration.journal import SqliteJournal
from controller.migration.manager import MigrationManager
from controller.migration.plan import MigrationRequest
from controller.migration.record import MigrationRecord
from controller.migration.site import MigrationOptions
from controller.migration.states import StepState
from controller.model.parts import Entry
from controller.southbound.program import Program

SLOTS = 2
CELLS = 4
"One full bucket per slot: the tightest place that eight flows fit in."
ALL = frozenset(range(SLOTS))


def forward(mac: int, port: int) -> Entry:
    """Describe a forwarding entry."""
    return Entry("dmac", {"dst_addr": mac}, "forward", {"port": port}, at="entries")


def zone(port: int, inside: bool) -> Entry:
    """Describe a zone entry: it belongs to a node."""
    action = "set_inside" if inside else "set_outside"
    return Entry("zone", {"ingress_port": port}, action, {}, at="entries")


ACL = Entry("acl", {"src_addr": 7}, "deny", {}, priority=3, at="entries")
TIMEOUT = Entry("timeout", {}, "set_timeout", {"units": 99}, at="entries")
ENTRIES = {
    "s1": (forward(10, 1), forward(11, 2), zone(1, False), zone(2, True), ACL, TIMEOUT),
    "s2": (forward(10, 1), forward(11, 2), zone(1, False), zone(2, True)),
}


def rule(src_addr: int) -> P4TableEntry:
    """Return a row of gate's access list as an app would insert it at run time."""
    return +P4TableEntry(
        "in.gate.acl",
        match=P4TableMatch(src_addr=(src_addr, 0xFFFFFFFF)),
        action=P4TableAction("in.gate.deny"),
        priority=5,
    )


class Lab:
    """Nodes s1, s2, … in a line, their world, and managers over one journal."""

    def __init__(
        self,
        rng: random.Random,
        programs: tuple[str, ...] = ("gated", "gated"),
        *,
        reverse: bool = False,
        slots: frozenset[int] = ALL,
        traffic: int = 2,
        again_s: float = 0,
        entries: Mapping[str, tuple[Entry, ...]] = ENTRIES,
    ) -> None:
        """Bring all nodes up, with flows established before anything moves.

        Args:
            rng: Decides what packets do.
            programs: The program of each node; ``plain`` and ``metered`` have no function.
            reverse: Whether packets from the outside meet the last node first.
            slots: The slots that s1 enforces at first; s2 enforces the others, if it can.
            traffic: Most packet events at each driver action.
            again_s: When blocked moves are tried again by themselves.
            entries: The described entries of nodes.
        """
        metered = add_l2(P4InfoBuilder()).meter("in.meter", 4)
        self.programs = {
            "gated": gate_program(slots=SLOTS, cells=CELLS),
            "plain": plain_program(),
            "metered": metered.program("metered"),
        }
        names = [f"s{i}" for i in range(1, len(programs) + 1)]
        self.world = World(names[::-1] if reverse else names, rng)
        self.options = MigrationOptions(retry_s=0, again_s=again_s)
        self.world.busy = traffic
        rest = {"s2": ALL - slots} if slots != ALL else {}
        self.network = line(
            dict(zip(names, programs, strict=True)),
            functions={"gate": {"s1": slots, **rest}},
            entries=entries,
            groups={"s1": {1: (1, 2)}, "s2": {1: (1, 2)}},
        )
        self.journal = SqliteJournal(":memory:")
        self.seen: list[MigrationRecord] = []
        self.manager = self.new_manager()
        self.start()
        for flow in range(0, self.world.flows, 2):
            self.world.pass_now(flow, inside=True)

    def new_manager(self) -> MigrationManager:
        """Make a manager over the journal, as a restarted process would."""
        return MigrationManager(
            self.network,
            self.world.nodes,
            self.programs,
            self.journal,
            self,
            self.options,
            flush=self.world.flush,
            sleep=self.world.sleep,
            now_ns=self.world.host_ns,
            spawn=lambda work, _: work(),
        )

    def start(self) -> list[MigrationRecord]:
        """Do what the management entity does when it starts."""
        for name, node in self.world.nodes.items():
            if node.powered and node.connected:
                self.manager.node_back(name)
        return self.manager.recover()

    def restart(self) -> list[MigrationRecord]:
        """Start the management entity anew over the same journal."""
        self.manager = self.new_manager()
        return self.start()

    def on_migration(self, record: MigrationRecord) -> None:
        """Hear of every change of a migration."""
        self.seen.append(record)

    def node(self, name: str) -> ModelNode:
        """Return a node."""
        return self.world.nodes[name]

    def program(self, name: str) -> Program | None:
        """Return what packets run at a node."""
        running = self.node(name).running
        return running.program if running else None

    def move(
        self,
        source: str = "s1",
        destination: str = "s2",
        slots: frozenset[int] | None = None,
        method: str = "auto",
        mode: str = "hitless",
    ) -> MigrationRecord:
        """Move slots and return how it came out."""
        request = MigrationRequest("gate", source, destination, slots, method, mode)
        return self.manager.get(self.manager.submit(request))

    def placement(self) -> dict[str, frozenset[int]]:
        """Return who enforces what, by the nodes' own words."""
        return self.manager.placement().by_node("gate")

    def during_step(self, name: str, do: Fault) -> Fault:
        """Make something happen once, at the first driver action of a step."""
        done = False

        def fault(node: ModelNode, asked: str) -> None:
            nonlocal done
            steps = self.seen[-1].steps if self.seen else ()
            if not done and any(s.name == name and s.state is StepState.RUNNING for s in steps):
                done = True
                do(node, asked)

        return fault

    def mend(self) -> MigrationRecord | None:
        """Power and reconnect everything, let the controller take note; return the last record."""
        self.world.fault = self.world.after = nothing
        for name, node in self.world.nodes.items():
            if not node.powered:
                node.power_on()
            node.connected = True
            self.manager.node_back(name)
        self.manager.recover()
        return next(reversed(self.manager.migrations()), None)
