"""What tests of a data plane with two ports share: its program, entries, and what it tells."""

from switch.dataplane.messages import Listeners, OpKind, TableOp
from switch.p4json.objects import ActionCall
from tests.switch.draft import Draft, assign, call, const, extract, field, forward, named, op, param

CPU_PORT = 510
FRAME = bytes.fromhex("000000000002 000000000001 1234") + b"payload of some length"


class Heard:
    """What the data plane told its listeners."""

    def __init__(self) -> None:
        self.packets_in: list[bytes] = []
        self.digests: list = []
        self.idle: list = []
        self.status: list[tuple[int, bool]] = []
        self.exits: list[str] = []

    def listeners(self) -> Listeners:
        return Listeners(
            self.packets_in.append,
            self.digests.append,
            self.idle.append,
            lambda *change: self.status.append(change),
            self.exits.append,
        )


def program_of_two_ports(*before, cells: int = 64, width: int = 32, mark: int = 0):
    """Sends port 1 to 2 and back, others by a table; counts; keeps registers of `cells` cells."""
    draft = Draft([["m", 32]])
    draft.add_header("ethernet", [["dst", 48], ["src", 48], ["type", 16]])
    draft.add_state("start", [extract("ethernet")])
    draft.deparse("ethernet")
    draft.add_register("r", cells, width)
    draft.add_counter("c", 4)
    draft.add_list("learn_lists", 1, "news", field("ethernet", "src"))
    port = field("standard_metadata", "ingress_port")
    draft.do(
        *before,
        call("count", named("counter_array", "c"), const(1)),
        forward(op("-", const(3), port)),
        *([assign("ethernet", "type", const(mark))] if mark else []),
    )
    draft.add_action("to", [forward(param(0))], [("port", 9)])
    nothing = draft.add_action("nothing", [])
    draft.add_action("learn", [call("generate_digest", const(0), const(1))])
    draft.add_action("spread", [assign("standard_metadata", "mcast_grp", param(0))], [("g", 16)])
    draft.add_table(
        "t",
        [("exact", field("ethernet", "dst"))],
        dict.fromkeys(["to", "nothing", "learn", "spread"]),
        with_counters=True,
        support_timeout=True,
        default_entry={
            "action_id": nothing,
            "action_const": False,
            "action_data": [],
            "action_entry_const": False,
        },
    )
    return draft.load()


def insert(destination: int, action: ActionCall, idle_ms: int = 0) -> TableOp:
    return TableOp(OpKind.INSERT, "t", (destination,), 0, action, idle_ms)
