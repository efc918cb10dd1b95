"""The rules of arbitration, without a network: one test per rule of the specification."""

import pytest
from finsy.proto import U128, p4r, rpc_code, stratum

from switch.p4runtime.arbitration import MAX_CONTROLLERS_PER_ROLE, MAX_ROLES, Arbiter
from switch.p4runtime.status import StatusError

DEVICE_ID = 7


@pytest.fixture
def arbiter():
    return Arbiter(DEVICE_ID)


def update(election_id=None, role=None, config=None, device_id=DEVICE_ID):
    message = p4r.MasterArbitrationUpdate(device_id=device_id)
    if election_id is not None:
        message.election_id.CopyFrom(U128.encode(election_id))
    if role is not None:
        message.role.name = role
    if config is not None:
        message.role.config.Pack(config)
    return message


def tell(arbiter, controller, *args, **options):
    """Send an update and install the primary if there is a new one: {controller: code}."""
    outcome = arbiter.update(controller, update(*args, **options))
    notices = list(outcome.notices)
    if outcome.becomes_primary:
        notices += arbiter.install(controller)
    return codes(notices)


def codes(notices):
    return {n.controller: rpc_code.Code.Name(n.message.status.code) for n in notices}


def refused(arbiter, controller, *args, **options):
    with pytest.raises(StatusError) as refusal:
        arbiter.update(controller, update(*args, **options))
    return refusal.value.code.name


def may_write(arbiter, election_id, role=""):
    try:
        arbiter.check_primary(role, election_id)
    except StatusError as error:
        return error.code.name
    return "OK"


def test_the_first_controller_with_an_election_id_is_primary(arbiter):
    assert tell(arbiter, "a", 5) == {"a": "OK"}
    assert may_write(arbiter, 5) == "OK"


def test_an_election_id_of_zero_is_one_and_an_unset_one_is_none(arbiter):
    assert tell(arbiter, "standby") == {"standby": "NOT_FOUND"}
    assert may_write(arbiter, None) == "PERMISSION_DENIED"
    assert tell(arbiter, "zero", 0) == {"standby": "ALREADY_EXISTS", "zero": "OK"}
    assert may_write(arbiter, 0) == "OK"


def test_a_notice_without_any_primary_so_far_has_no_election_id(arbiter):
    (notice,) = arbiter.update("standby", update()).notices
    assert not notice.message.HasField("election_id")
    assert notice.message.device_id == DEVICE_ID


def test_a_lower_election_id_is_a_backup_and_only_it_is_told(arbiter):
    tell(arbiter, "a", 5)
    outcome = arbiter.update("b", update(4))
    assert codes(outcome.notices) == {"b": "ALREADY_EXISTS"}
    assert U128.decode(outcome.notices[0].message.election_id) == 5
    assert may_write(arbiter, 4) == "PERMISSION_DENIED"


def test_a_higher_election_id_takes_over_and_all_are_told(arbiter):
    tell(arbiter, "a", 5)
    assert tell(arbiter, "b", 6) == {"a": "ALREADY_EXISTS", "b": "OK"}
    assert may_write(arbiter, 5) == "PERMISSION_DENIED"
    assert may_write(arbiter, 6) == "OK"


def test_election_ids_of_128_bits_are_compared_whole(arbiter):
    tell(arbiter, "a", 1 << 64)
    assert tell(arbiter, "b", (1 << 64) - 1) == {"b": "ALREADY_EXISTS"}
    assert tell(arbiter, "c", (1 << 128) - 1)["c"] == "OK"


def test_between_deposing_and_installing_nobody_may_write_and_the_new_primary_is_not_told(arbiter):
    tell(arbiter, "a", 5)
    outcome = arbiter.update("b", update(6))
    assert outcome.becomes_primary
    assert codes(outcome.notices) == {"a": "ALREADY_EXISTS"}
    assert U128.decode(outcome.notices[0].message.election_id) == 6
    assert may_write(arbiter, 5) == may_write(arbiter, 6) == "PERMISSION_DENIED"
    assert codes(arbiter.install("b")) == {"b": "OK"}


def test_a_new_primary_that_leaves_before_it_is_installed_leaves_no_primary(arbiter):
    tell(arbiter, "a", 5)
    arbiter.update("b", update(6))
    assert codes(arbiter.leave("b")) == {"a": "NOT_FOUND"}
    assert may_write(arbiter, 6) == "PERMISSION_DENIED"


def test_when_the_primary_leaves_no_backup_takes_over(arbiter):
    tell(arbiter, "a", 5)
    tell(arbiter, "b", 4)
    notices = arbiter.leave("a")
    assert codes(notices) == {"b": "NOT_FOUND"}
    assert U128.decode(notices[0].message.election_id) == 5
    assert may_write(arbiter, 4) == may_write(arbiter, 5) == "PERMISSION_DENIED"


def test_after_the_primary_left_the_highest_election_id_ever_seen_is_needed(arbiter):
    tell(arbiter, "a", 5)
    tell(arbiter, "b", 3)
    arbiter.leave("a")
    assert tell(arbiter, "b", 4) == {"b": "NOT_FOUND"}
    assert tell(arbiter, "b", 5) == {"b": "OK"}


def test_a_backup_that_leaves_disturbs_nobody(arbiter):
    tell(arbiter, "a", 5)
    tell(arbiter, "b", 4)
    assert arbiter.leave("b") == ()
    assert arbiter.leave("never seen") == ()
    assert may_write(arbiter, 5) == "OK"


def test_a_primary_can_step_down_and_all_are_told(arbiter):
    tell(arbiter, "a", 5)
    tell(arbiter, "b", 3)
    assert tell(arbiter, "a", 2) == {"a": "NOT_FOUND", "b": "NOT_FOUND"}
    assert tell(arbiter, "a", 9) == {"a": "OK", "b": "ALREADY_EXISTS"}
    assert tell(arbiter, "a") == {"a": "NOT_FOUND", "b": "NOT_FOUND"}


def test_a_primary_that_repeats_itself_stays_primary_and_all_are_told(arbiter):
    tell(arbiter, "a", 5)
    tell(arbiter, "b", 4)
    assert tell(arbiter, "a", 5) == {"b": "ALREADY_EXISTS", "a": "OK"}
    assert tell(arbiter, "b", 4) == {"b": "ALREADY_EXISTS"}


def test_an_election_id_in_use_is_refused_until_its_controller_leaves(arbiter):
    tell(arbiter, "a", 5)
    tell(arbiter, "b", 4)
    assert refused(arbiter, "c", 5) == "INVALID_ARGUMENT"
    assert refused(arbiter, "b", 5) == "INVALID_ARGUMENT"
    assert may_write(arbiter, 5) == "OK"
    arbiter.leave("a")
    assert tell(arbiter, "c", 5)["c"] == "OK"


def test_any_number_of_controllers_may_leave_their_election_id_unset(arbiter):
    tell(arbiter, "a", 1)
    assert tell(arbiter, "b") == {"b": "ALREADY_EXISTS"}
    assert tell(arbiter, "c") == {"c": "ALREADY_EXISTS"}


def test_an_unknown_device_is_not_found_and_a_change_of_device_fails_the_precondition(arbiter):
    assert refused(arbiter, "a", 1, device_id=8) == "NOT_FOUND"
    tell(arbiter, "a", 1)
    assert refused(arbiter, "a", 1, device_id=8) == "FAILED_PRECONDITION"


def test_a_stream_keeps_its_role(arbiter):
    tell(arbiter, "a", 1, role="x")
    assert refused(arbiter, "a", 1, role="y") == "FAILED_PRECONDITION"
    assert refused(arbiter, "a", 1) == "FAILED_PRECONDITION"


def test_roles_have_election_ids_and_primaries_of_their_own(arbiter):
    tell(arbiter, "a", 5)
    assert tell(arbiter, "b", 5, role="x") == {"b": "OK"}
    assert tell(arbiter, "c", 3, role="y") == {"c": "OK"}
    assert may_write(arbiter, 5) == may_write(arbiter, 5, "x") == may_write(arbiter, 3, "y") == "OK"
    assert may_write(arbiter, 3) == may_write(arbiter, 5, "y") == "PERMISSION_DENIED"
    assert may_write(arbiter, 5, "nobody's") == "NOT_FOUND"
    arbiter.leave("b")
    assert may_write(arbiter, 5, "x") == "PERMISSION_DENIED"
    assert may_write(arbiter, 5) == "OK"


def test_the_default_role_named_by_an_empty_name_is_the_default_role(arbiter):
    tell(arbiter, "a", 5)
    assert refused(arbiter, "b", 5, role="") == "INVALID_ARGUMENT"


def test_deprecated_role_ids_are_refused(arbiter):
    message = update(1)
    message.role.id = 3
    with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
        arbiter.update("a", message)


def test_controllers_of_a_role_and_roles_are_limited(arbiter):
    for number in range(MAX_CONTROLLERS_PER_ROLE):
        tell(arbiter, number, number)
    assert refused(arbiter, "one more", 1000) == "RESOURCE_EXHAUSTED"
    assert tell(arbiter, 3, 1000)[3] == "OK"
    for number in range(MAX_ROLES - 1):
        tell(arbiter, f"r{number}", 1, role=f"role {number}")
    assert refused(arbiter, "another", 1, role="one more") == "RESOURCE_EXHAUSTED"


# -- role configurations


def scope_of(arbiter, role):
    return arbiter.scope(role)


def test_the_primarys_role_config_is_told_to_all_and_a_backups_is_not_taken(arbiter):
    config = stratum.P4RoleConfig(shared_p4_ids=[1, 2], receives_packet_ins=True)
    tell(arbiter, "a", 5, role="x", config=config)
    outcome = arbiter.update("b", update(4, role="x"))
    told = stratum.P4RoleConfig()
    assert outcome.notices[0].message.role.config.Unpack(told)
    assert told == config
    assert outcome.notices[0].message.role.name == "x"
    scope = scope_of(arbiter, "x")
    assert scope.allows(1)
    assert not scope.allows(3)
    assert not scope.can_push_pipeline


def test_a_new_primary_without_role_config_has_full_access(arbiter):
    tell(arbiter, "a", 5, role="x", config=stratum.P4RoleConfig(shared_p4_ids=[1]))
    tell(arbiter, "b", 6, role="x")
    assert scope_of(arbiter, "x").allows(3)
    assert scope_of(arbiter, "x").can_push_pipeline


def test_a_role_config_of_an_unknown_type_is_refused(arbiter):
    assert refused(arbiter, "a", 5, role="x", config=p4r.TableEntry()) == "INVALID_ARGUMENT"
    broken = update(5, role="x", config=stratum.P4RoleConfig(shared_p4_ids=[1]))
    broken.role.config.value = b"\xff\xff"
    with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
        arbiter.update("a", broken)


def test_what_one_role_has_for_itself_another_may_not_have(arbiter):
    tell(arbiter, "a", 1, role="x", config=stratum.P4RoleConfig(exclusive_p4_ids=[1]))
    tell(arbiter, "b", 1, role="y", config=stratum.P4RoleConfig(shared_p4_ids=[2]))
    for config in (
        stratum.P4RoleConfig(shared_p4_ids=[1]),
        stratum.P4RoleConfig(exclusive_p4_ids=[2]),
    ):
        assert refused(arbiter, "c", 1, role="z", config=config) == "INVALID_ARGUMENT"
    assert tell(arbiter, "c", 1, role="z", config=stratum.P4RoleConfig(shared_p4_ids=[2]))
