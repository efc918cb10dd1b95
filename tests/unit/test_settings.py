"""The options of the management entity: values, paths, and what is refused."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import pytest
from os_ken import cfg
from oslo_config import cfg as oslo_cfg

from controller.config.files import warn_unknown
from controller.config.options import MIGRATION_OPTIONS, NODE_OPTIONS, list_opts
from controller.config.rpc_options import TlsOptions
from controller.config.settings import Settings
from controller.errors import ConfigError
from controller.migration.site import MigrationOptions
from controller.southbound.driver import DriverOptions


def read(*files: Path) -> tuple[Settings, cfg.ConfigOpts]:
    conf = cfg.ConfigOpts()
    arguments = [word for path in files for word in ("--config-file", str(path))]
    conf(arguments, prog="test", default_config_files=[], default_config_dirs=[])
    return Settings.read(conf), conf


def write(directory: Path, text: str, name: str = "me.conf") -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(text)
    return path


def test_relative_paths_belong_to_the_file_that_sets_them(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "[DEFAULT]\nnetwork_file = net.yaml\nrpc_socket = x/rpc.sock\n")
    second = write(tmp_path / "b", "[DEFAULT]\njournal_file = ../j.sqlite\n")
    read_settings, _ = read(first, second)
    assert read_settings.network_file == tmp_path / "a" / "net.yaml"
    assert read_settings.rpc_socket == tmp_path / "a" / "x" / "rpc.sock"
    assert read_settings.journal_file.resolve() == tmp_path / "j.sqlite"


def test_the_journal_lies_beside_the_network_file_unless_said(tmp_path: Path) -> None:
    path = write(tmp_path, "[DEFAULT]\nnetwork_file = nets/net.yaml\n")
    assert read(path)[0].journal_file == tmp_path / "nets" / "hitless-journal.sqlite"


def test_options_of_nodes_reach_the_drivers(tmp_path: Path) -> None:
    path = write(
        tmp_path, "[DEFAULT]\nnetwork_file = n\n[node]\ncall_timeout_s = 2.5\nkeepalive_s=3\n"
    )
    node = read(path)[0].node
    assert (node.call_timeout_s, node.keepalive_s, node.tls) == (2.5, 3.0, None)
    path = write(tmp_path, "[DEFAULT]\nnetwork_file = n\n[node]\nca = ca.pem\n")
    with pytest.raises(ConfigError, match=rf"\[node\] ca {tmp_path}/ca.pem: No such file"):
        read(path)


def test_a_tcp_port_for_operators_comes_with_its_files(tmp_path: Path) -> None:
    files = "certificate = me.pem\nkey = keys/me.key\nclient_ca = ca.pem\n"
    path = write(tmp_path, f"[DEFAULT]\nnetwork_file = n\n[rpc]\nlisten = [::1]:6650\n{files}")
    tls = read(path)[0].rpc_tls
    assert tls == TlsOptions(
        "::1", 6650, tmp_path / "me.pem", tmp_path / "keys" / "me.key", tmp_path / "ca.pem"
    )
    with pytest.raises(ConfigError, match=r"me.pem, key .*keys/me.key: No such file"):
        tls.context()
    with pytest.raises(ConfigError, match="needs certificate, key, client_ca as well"):
        read(write(tmp_path, "[DEFAULT]\nnetwork_file = n\n[rpc]\nlisten = 0.0.0.0:6650\n"))


def test_options_not_given_have_their_users_own_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "[DEFAULT]\nnetwork_file = n\n")
    assert read(path)[0].node == DriverOptions()
    assert read(path)[0].migration == MigrationOptions()


@pytest.mark.parametrize(
    ("options", "used_by"),
    [
        (NODE_OPTIONS, DriverOptions),
        (MIGRATION_OPTIONS, MigrationOptions),
    ],
)
def test_each_option_is_one_that_its_users_have(options: list[cfg.Opt], used_by: type) -> None:
    fields = {field.name for field in dataclasses.fields(used_by)}
    assert {option.name for option in options} <= fields


def test_a_missing_network_file_says_how_to_give_one() -> None:
    with pytest.raises(ConfigError, match="--config-file FILE with a line network_file"):
        read()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("call_timeout_s = -1", "call_timeout_s: Should be greater than or equal to 0.01"),
        ("call_timeout_s = soon", "call_timeout_s: could not convert"),
        ("call_timeout = 1", r"no option call_timeout \(did you mean call_timeout_s\?\)"),
        ("xyz = 1", "no option xyz$"),
    ],
)
def test_what_cannot_be_is_refused_with_file_option_and_reason(
    tmp_path: Path, line: str, text: str
) -> None:
    path = write(tmp_path, f"[DEFAULT]\nnetwork_file = n\n[node]\n{line}\n")
    with pytest.raises(ConfigError, match=rf"me\.conf: \[node\].*{text}"):
        read(path)


def test_keys_and_groups_that_no_app_knows_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, "[DEFAULT]\nnetwork_file = n\nnetwork-fil = m\n[lod]\nx = 1\ny = 2\n")
    _, conf = read(path)
    with caplog.at_level(logging.WARNING):
        warn_unknown(conf)
    key, group = [record.getMessage() for record in caplog.records]
    assert key.endswith("no app has an option network_fil (did you mean network_file?)")
    assert group.endswith("no app has a group [lod] (did you mean load?)")


def test_every_option_has_a_help_text_and_those_of_time_name_their_unit() -> None:
    for _, options in list_opts():
        for option in options:
            assert option.help
            if isinstance(option, oslo_cfg.FloatOpt):
                assert option.name.endswith("_s")
