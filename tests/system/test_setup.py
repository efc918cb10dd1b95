"""scripts/setup where something is missing, and scripts/demo without rights."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).resolve().parent.parent.parent
TOOLS = (
    "bash dirname id stat cat grep sha256sum flock env getent cut tee rm setpriv apt-get python3 "
    "ip ping ifconfig unshare"
)


def run(*command, cwd=CHECKOUT, **environment):
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def machine_without_mininet(tmp_path):
    """A PATH on which there is all that the script uses, and neither Mininet nor ethtool."""
    for tool in TOOLS.split():
        (tmp_path / tool).symlink_to(shutil.which(tool))
    return str(tmp_path)


def test_without_root_setup_says_what_to_run(without_root, machine_without_mininet):
    done = run(*without_root, "scripts/setup", PATH=f"{machine_without_mininet}:/nowhere")
    assert done.returncode == 1
    assert "missing: mininet ethtool. As root, run:" in done.stderr
    assert "apt-get install -y --no-install-recommends mininet ethtool" in done.stderr


def test_the_python_part_needs_no_mininet(without_root, machine_without_mininet, tmp_path):
    checkout = copy_of_setup(tmp_path)
    (checkout / ".venv").write_text("in the way, so that the environment is not really made")
    path = {"PATH": f"{machine_without_mininet}:/nowhere"}
    done = run(*without_root, "scripts/setup", "--python", cwd=checkout, **path)
    assert "missing" not in done.stderr
    assert "filling .venv" in done.stderr


def test_without_a_package_index_setup_says_so_and_is_not_done(tmp_path):
    checkout = copy_of_setup(tmp_path)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull}
    done = run("scripts/setup", "--python", cwd=checkout, PIP_RETRIES="0", **nowhere)
    assert done.returncode == 1
    assert "pip could not install the dependencies: is there a network" in done.stderr
    assert not (checkout / ".venv" / "hitless-setup").exists()


def test_an_argument_that_setup_does_not_know_is_refused():
    done = run("scripts/setup", "--everything")
    assert done.returncode == 1
    assert "unknown argument --everything" in done.stderr


def test_the_demo_without_root_says_how_to_run_it(without_root):
    done = run(*without_root, "scripts/demo", "--method", "pm")
    assert done.returncode == 2
    assert (
        "needs root, to make network namespaces: run sudo scripts/demo --method pm" in done.stderr
    )


def copy_of_setup(directory):
    """Return a checkout with what the script reads."""
    checkout = directory / "checkout"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy2(CHECKOUT / "scripts" / "setup", checkout / "scripts" / "setup")
    for name in ("setup.cfg", "pyproject.toml"):
        shutil.copy2(CHECKOUT / name, checkout / name)
    return checkout
