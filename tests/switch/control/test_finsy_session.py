"""A client that nobody here wrote: finsy runs sessions against the switch."""

import asyncio

import finsy as fy
import pytest
from finsy.p4entity import P4ValueSetMember
from finsy.proto import stratum
from p4rt import DEVICE_ID, PROGRAMS
from switch_process import links, running_switch, with_links

OPTIONS = fy.SwitchOptions(
    p4info=PROGRAMS / "everything.p4info.txtpb",
    p4blob=PROGRAMS / "everything.json",
    device_id=DEVICE_ID,
)
TIMEOUT_S = 60


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, TIMEOUT_S))


async def read_all(sw, entity):
    return [found async for found in sw.read(entity)]


def test_finsy_pushes_its_program_and_finds_it_there_the_next_time():
    async def session(address):
        for _ in range(2):
            async with fy.Switch("s", address, OPTIONS) as sw:
                assert sw.is_up
                assert sw.is_primary
                assert sw.p4info.exists
                assert str(sw.p4runtime_version) == "1.4.0"

    with running_switch() as switch:
        run(session(switch.grpc))


ONE_GROUP = fy.P4ActionProfileGroup(
    action_profile_id="ways", group_id=1, members=[fy.P4Member(member_id=1, weight=1)]
)


def entries():
    """Entries of tables with every kind of match, and with a group as their action."""
    for number in range(1, 101):
        match = fy.P4TableMatch({"hdr.ethernet.dst_addr": number})
        yield fy.P4TableEntry("dmac", match=match, action=fy.P4TableAction("forward", port=1))
    yield fy.P4TableEntry(
        "acl",
        match=fy.P4TableMatch({"src": (0x0A0000000000, 0xFF0000000000), "type": (1, 5), "dst": 9}),
        action=fy.P4TableAction("set_hop", hop=1),
        priority=7,
    )
    yield fy.P4TableEntry(
        "route",
        match=fy.P4TableMatch({"hdr.ethernet.dst_addr": "0a:00:00:00:00:00/8"}),
        action=fy.P4TableAction("set_color"),
        meter_config=fy.P4MeterConfig(cir=1, cburst=2, pir=3, pburst=4),
    )
    yield fy.P4TableEntry(
        "selected", match=fy.P4TableMatch({"type": 5}), action=fy.P4IndirectAction(group_id=1)
    )


def extern_updates():
    """Replication and digests to be inserted, cells and a value set to be modified."""
    meter = fy.P4MeterConfig(cir=1, cburst=2, pir=3, pburst=4)
    return [
        +fy.P4MulticastGroupEntry(1, replicas=[1, (2, 3)]),
        +fy.P4CloneSessionEntry(1, replicas=[1]),
        +fy.P4DigestEntry("learn_t", max_list_size=1),
        ~fy.P4RegisterEntry("totals", index=2, data=77),
        ~fy.P4CounterEntry("port_counter", index=1, data=fy.P4CounterData(packet_count=5)),
        ~fy.P4MeterEntry("port_meter", index=1, config=meter),
        ~fy.P4ValueSetEntry("special_types", members=[P4ValueSetMember(0x88F7)]),
    ]


async def check_what_was_written(sw):
    assert len(await read_all(sw, fy.P4TableEntry("dmac"))) == 100
    (acl,) = await read_all(sw, fy.P4TableEntry("acl"))
    assert acl.match["dst"] == 9
    assert acl.priority == 7
    (register,) = await read_all(sw, fy.P4RegisterEntry("totals", index=2))
    assert register.data == 77
    (counter,) = await read_all(sw, fy.P4CounterEntry("port_counter", index=1))
    assert counter.packet_count == 5
    (group,) = await read_all(sw, fy.P4MulticastGroupEntry())
    assert len(group.replicas) == 2


async def check_that_all_is_deleted(sw):
    await sw.delete([fy.P4MulticastGroupEntry(1), fy.P4CloneSessionEntry(1)])
    assert await read_all(sw, fy.P4MulticastGroupEntry()) == []
    await sw.delete_all()
    assert await read_all(sw, fy.P4TableEntry("dmac")) == []
    await sw.delete([fy.P4ActionProfileGroup(action_profile_id="ways", group_id=1)])
    await sw.delete([fy.P4ActionProfileMember(action_profile_id="ways", member_id=1)])
    assert await read_all(sw, fy.P4ActionProfileMember()) == []


def test_finsy_writes_reads_and_deletes_every_kind_of_entity():
    async def session(address):
        async with fy.Switch("s", address, OPTIONS) as sw:
            act = fy.P4TableAction("set_hop", hop=3)
            member = fy.P4ActionProfileMember(action_profile_id="ways", member_id=1, action=act)
            await sw.write([+member])
            await sw.write([+ONE_GROUP])
            await sw.write([*(+entry for entry in entries()), *extern_updates()])
            await check_what_was_written(sw)
            await check_that_all_is_deleted(sw)

    with running_switch() as switch:
        run(session(switch.grpc))


def test_finsy_is_told_which_update_failed():
    async def session(address):
        async with fy.Switch("s", address, OPTIONS) as sw:

            def entry():
                match = fy.P4TableMatch({"hdr.ethernet.dst_addr": 1})
                return fy.P4TableEntry("dmac", match=match, action=fy.P4TableAction("drop"))

            with pytest.raises(fy.P4ClientError) as failed:
                await sw.write([+entry(), +entry()])
            assert list(failed.value.details) == [1]
            assert failed.value.details[1].canonical_code is fy.GRPCStatusCode.ALREADY_EXISTS
            await sw.delete([entry()])
            await sw.delete([entry()], strict=False)

    with running_switch() as switch:
        run(session(switch.grpc))


def test_two_finsy_controllers_hand_the_switch_over():
    async def session(address):
        async with fy.Switch("a", address, OPTIONS) as first:
            assert first.is_primary
            async with fy.Switch("b", address, OPTIONS(initial_election_id=5)) as second:
                assert not second.is_primary
                waiting = second.ee.event_future(fy.SwitchEvent.BECOME_PRIMARY)
                first._p4client._stream.cancel()
                await waiting
                assert second.is_primary

    with running_switch() as switch:
        run(session(switch.grpc))


def test_finsy_with_a_role_is_primary_of_that_role():
    config = stratum.P4RoleConfig(receives_packet_ins=True, can_push_pipeline=True)

    async def session(address):
        limited = OPTIONS(role_name="limited", role_config=config)
        async with (
            fy.Switch("all", address, OPTIONS) as everything,
            fy.Switch("limited", address, limited) as one,
        ):
            assert everything.is_primary
            assert one.is_primary
            entry = fy.P4TableEntry(
                "dmac",
                match=fy.P4TableMatch({"hdr.ethernet.dst_addr": 1}),
                action=fy.P4TableAction("drop"),
            )
            with pytest.raises(fy.P4ClientError) as failed:
                await one.write([+entry])
            assert failed.value.details[0].canonical_code is fy.GRPCStatusCode.PERMISSION_DENIED

    with running_switch() as switch:
        run(session(switch.grpc))


@pytest.mark.system
def test_finsy_learns_addresses_from_packet_ins_and_digests_and_sends_packet_outs():
    hosts = {port: bytes((2, 0, 0, 0, 0, port)) for port in (1, 2)}

    async def session(address, ports):
        async with fy.Switch("s", address, OPTIONS) as sw:
            to_cpu = fy.P4TableEntry(
                "dmac", is_default_action=True, action=fy.P4TableAction("to_cpu")
            )
            await sw.write([~to_cpu, +fy.P4DigestEntry("learn_t", max_list_size=1)])
            digest = asyncio.ensure_future(anext(sw.read_digests("learn_t")))
            arrival = asyncio.ensure_future(anext(sw.read_packets()))
            await asyncio.sleep(0)  # both listen now
            sent = hosts[2] + hosts[1] + b"\x12\x34" + bytes(46)
            ports[1].send(sent)
            packet = await arrival
            assert packet.payload == sent
            assert packet["ingress_port"] == 1
            learned = (await digest).data[0]
            assert learned == {"src_addr": int.from_bytes(hosts[1], "big"), "port": 1}
            await sw.write(fy.P4PacketOut(sent, egress_port=2, pad=0))
            assert await asyncio.to_thread(ports[2].receive) == sent

    with links(2) as made, running_switch(*with_links(made)) as switch:
        run(session(switch.grpc, {port: link for port, (_, link) in made.items()}))


@pytest.mark.system
def test_finsy_sees_what_entries_count_and_gets_clones_and_copies_of_groups():
    frame = bytes.fromhex("02000000000202000000000a1234") + bytes(46)
    flooded = bytes.fromhex("02000000000f02000000000a1234") + bytes(46)

    def to(destination, action, **arguments):
        match = fy.P4TableMatch({"hdr.ethernet.dst_addr": destination})
        return fy.P4TableEntry("dmac", match=match, action=fy.P4TableAction(action, **arguments))

    async def session(address, ports):
        async with fy.Switch("s", address, OPTIONS) as sw:
            mirror = fy.P4TableEntry(
                "smac",
                match=fy.P4TableMatch({"hdr.ethernet.src_addr": 0x02000000000A}),
                action=fy.P4TableAction("mirror", session=5),
            )
            await sw.write([+fy.P4CloneSessionEntry(5, replicas=[(1, 7)])])
            await sw.write([+fy.P4MulticastGroupEntry(3, replicas=[1, 2])])
            await sw.write([+to(0x020000000002, "forward", port=2), +mirror])
            await sw.write([+to(0x02000000000F, "flood", group=3)])
            ports[1].send(frame)
            for port in (1, 2):
                assert await asyncio.to_thread(ports[port].receive) == frame
            (counted,) = await read_all(
                sw,
                fy.P4DirectCounterEntry(
                    "dmac_counter", table_entry=to(0x020000000002, "forward", port=2)
                ),
            )
            assert (counted.packet_count, counted.byte_count) == (1, len(frame))
            (counted,) = await read_all(sw, fy.P4CounterEntry("port_counter", index=1))
            assert counted.packet_count == 1
            await sw.delete([mirror])
            ports[2].send(flooded)
            for port in (1, 2):
                assert await asyncio.to_thread(ports[port].receive) == flooded

    with links(2) as made, running_switch(*with_links(made)) as switch:
        run(session(switch.grpc, {port: link for port, (_, link) in made.items()}))
