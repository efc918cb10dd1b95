"""A client that nobody here wrote: p4runtime-shell runs a session against the switch, over TLS."""

import subprocess
from pathlib import Path

import pytest
from certificates import authority
from p4rt import DEVICE_ID, PROGRAMS
from shell_python import shell_python
from switch_process import links, running_switch

SESSION = Path(__file__).with_name("shell_session.py")


@pytest.mark.system
def test_p4runtime_shell_controls_tables_counters_groups_clones_digests_and_packets(tmp_path):
    python = shell_python()
    files = authority(tmp_path)
    program = [str(PROGRAMS / name) for name in ("everything.p4info.txtpb", "everything.json")]
    with links(2) as made:
        ports = [f"-i{port}@{interface}" for port, (interface, _) in made.items()]
        far = [link.fileno() for _, link in made.values()]
        with running_switch(*files.of_server(), *ports) as switch:
            session = [str(python), str(SESSION), switch.grpc, str(DEVICE_ID), *program]
            ended = subprocess.run(
                [*session, *files.of_client(), *map(str, far)],
                pass_fds=far,
                capture_output=True,
                text=True,
                timeout=120,
            )
    assert ended.returncode == 0, ended.stderr
