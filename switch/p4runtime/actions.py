"""Actions and their arguments, between P4Runtime messages and the data plane's calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from finsy.proto import p4i, p4r

from switch.p4json.objects import ActionCall
from switch.p4runtime.bytestrings import decode, encode
from switch.p4runtime.status import invalid_argument, permission_denied


@dataclass(frozen=True)
class Parameter:
    """One parameter of an action."""

    param_id: int
    name: str
    width: int


@dataclass(frozen=True)
class ActionCodec:
    """One action of the program."""

    action_id: int
    name: str
    parameters: tuple[Parameter, ...]
    _places: dict[int, int] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self._places.update((p.param_id, i) for i, p in enumerate(self.parameters))

    def decode(self, message: p4r.Action) -> ActionCall:
        """The call that a message describes; raises INVALID_ARGUMENT."""
        arguments: list[Any] = [None] * len(self.parameters)  # None: not given yet
        for param in message.params:
            place = self._places.get(param.param_id)
            if place is None:
                raise invalid_argument(f"action {self.name} has no parameter {param.param_id}")
            if arguments[place] is not None:
                raise invalid_argument(f"action {self.name} gets parameter {param.param_id} twice")
            wanted = self.parameters[place]
            value = int.from_bytes(param.value, "big")
            if value >> wanted.width or not param.value:
                decode(param.value, wanted.width, f"parameter {wanted.name!r} of {self.name}")
            arguments[place] = value
        if None in arguments:
            missing = self.parameters[arguments.index(None)]
            raise invalid_argument(f"action {self.name} lacks its parameter {missing.name!r}")
        return ActionCall(self.name, tuple(arguments))

    def encode(self, call: ActionCall, message: p4r.Action) -> None:
        """Fill the message of a call."""
        message.action_id = self.action_id
        for parameter, value in zip(self.parameters, call.args, strict=True):
            message.params.add(param_id=parameter.param_id, value=encode(value))


class ActionSet:
    """The actions that a table or an action profile may use."""

    def __init__(
        self,
        owner: str,
        actions: dict[int, ActionCodec],
        scopes: dict[int, int] | None = None,
    ) -> None:
        self._owner = owner
        self._actions = actions
        self._by_name = {codec.name: codec for codec in actions.values()}
        self._scopes = scopes or {}

    def decode(self, message: p4r.Action, *, as_default: bool = False) -> ActionCall:
        """The call that a message describes.

        Raises INVALID_ARGUMENT, and PERMISSION_DENIED for an action outside of its scope
        (`@tableonly`, `@defaultonly`).
        """
        codec = self.codec(message.action_id)
        denied = p4i.ActionRef.TABLE_ONLY if as_default else p4i.ActionRef.DEFAULT_ONLY
        if self._scopes.get(message.action_id) == denied:
            use = "the default action" if as_default else "the action of an entry"
            raise permission_denied(f"{codec.name} may not be {use} of {self._owner}")
        return codec.decode(message)

    def encode(self, call: ActionCall, message: p4r.Action) -> None:
        """Fill the message of a call."""
        self._by_name[call.action].encode(call, message)

    def knows(self, name: str) -> bool:
        """Whether P4Info lists an action here (the compiler's own it does not)."""
        return name in self._by_name

    def named(self, name: str) -> ActionCodec | None:
        """The codec of an action that P4Info lists here."""
        return self._by_name.get(name)

    def name_of(self, action_id: int) -> str:
        """The name of an action; raises INVALID_ARGUMENT if it is not one of these."""
        return self.codec(action_id).name

    def codec(self, action_id: int) -> ActionCodec:
        """The codec of an action; raises INVALID_ARGUMENT if it is not one of these."""
        codec = self._actions.get(action_id)
        if codec is None:
            raise invalid_argument(f"{self._owner} has no action 0x{action_id:08x}")
        return codec
