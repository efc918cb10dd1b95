"""The options of discovery: values, and how oslo.config declares them."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg


@dataclass(frozen=True)
class DiscoveryOptions:
    """How links and hosts are found."""

    enabled: bool = True
    "Whether links are discovered and hosts learned; if not, the described ones count."
    interval_s: float = 0.25
    "Between two LLDP frames out of the same port."
    misses: int = 3
    "A link through which nothing came for so many intervals has failed."
    frames_per_s: float = 2000.0
    "LLDP frames that are sent in all; with more ports, the interval grows."
    hold_first_s: float = 0.5
    "A link that has failed has to work for so long before it counts as up."
    hold_limit_s: float = 16.0
    "The hold time doubles with each further failure, up to this."
    forgive_s: float = 60.0
    "Failures before so long a time without one are forgotten."
    edge_after_s: float = 5.0
    "A port at which no node was heard for so long leads to hosts."
    host_timeout_s: float = 300.0
    "A learned host that has sent nothing for so long is gone."
    hosts_per_port: int = 256
    "Hosts that are learned at one port; further ones are not."

    def interval_for(self, ports: int) -> float:
        """Return the interval with so many ports, seconds."""
        return max(self.interval_s, ports / self.frames_per_s)


_DEFAULT = DiscoveryOptions()

DISCOVERY_OPTIONS = [
    cfg.BoolOpt(
        "enabled",
        default=_DEFAULT.enabled,
        help="Find links by LLDP and learn hosts. If not, those described in the network file "
        "count, and nodes are up while there is a session with them.",
    ),
    cfg.FloatOpt(
        "interval_s",
        default=_DEFAULT.interval_s,
        min=0.02,
        help="Each port sends an LLDP frame this often.",
    ),
    cfg.IntOpt(
        "misses",
        default=_DEFAULT.misses,
        min=2,
        help="A link, or a node, through which nothing came for so many intervals has failed: it "
        "is noticed after misses times interval_s, and at most one fifth of an interval later.",
    ),
    cfg.FloatOpt(
        "frames_per_s",
        default=_DEFAULT.frames_per_s,
        min=1.0,
        help="Most LLDP frames that are sent in all. A network with more ports than this times "
        "interval_s is asked less often, and failures are noticed that much later.",
    ),
    cfg.FloatOpt(
        "hold_first_s",
        default=_DEFAULT.hold_first_s,
        min=0.0,
        help="A link that has failed counts as up again when it has worked for so long.",
    ),
    cfg.FloatOpt(
        "hold_limit_s",
        default=_DEFAULT.hold_limit_s,
        min=0.0,
        help="That time doubles with each further failure of the same link, up to this.",
    ),
    cfg.FloatOpt(
        "forgive_s",
        default=_DEFAULT.forgive_s,
        min=0.0,
        help="After so long a time without failure, earlier failures of a link are forgotten.",
    ),
    cfg.FloatOpt(
        "edge_after_s",
        default=_DEFAULT.edge_after_s,
        min=0.0,
        help="A port that led to a node leads to hosts when no node was heard for so long: until "
        "then, no host is learned there.",
    ),
    cfg.FloatOpt(
        "host_timeout_s",
        default=_DEFAULT.host_timeout_s,
        min=1.0,
        help="A learned host that has sent nothing for so long is gone.",
    ),
    cfg.IntOpt(
        "hosts_per_port",
        default=_DEFAULT.hosts_per_port,
        min=1,
        help="Hosts that are learned at one port. Further ones work, but are not known.",
    ),
]
