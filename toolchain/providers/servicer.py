"""What every stand-in has in common: the RPCs, and the interface of one resource type."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from toolchain.providers.wire import Properties, differences, from_struct, to_struct

# Servicer contexts are generic in grpc's stubs and untyped at run time.
Context = Any
_KINDS = provider_pb2.PropertyDiff


class OperationError(Exception):
    """An operation failed; the text is what the engine shows. It must hold no credential."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What `diff` found: the paths that changed with their kind, and which properties force a replacement."""

    paths: dict[str, str] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One create, update or delete: of what, from which properties, to which."""

    urn: str
    name: str
    new: Properties
    old: Properties = field(default_factory=dict)
    old_inputs: Properties = field(default_factory=dict)
    id: str = ""
    preview: bool = False
    timeout: float = 0.0


class Resource:
    """One resource type; the defaults suit a type that has no read and nothing to delete."""

    def __init__(self, provider: Provider) -> None:
        """Take the provider, for its configuration and its log."""
        self.provider = provider

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Give the inputs with defaults and secret marks, and what is wrong with them."""
        return new, []

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare; every input that differs is an update unless a type knows better."""
        return Difference(paths=dict(differences(old_inputs, new)))

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Make it and give id and outputs; at preview the id is empty and the rest unknown."""
        raise OperationError("this resource type can't be created")

    async def update(self, change: Change) -> Properties:
        """Change it and give its outputs."""
        raise OperationError("this resource type can't be updated")

    async def delete(self, change: Change) -> None:
        """Remove it; `change.old` has the stored outputs."""

    async def read(
        self, id: str, state: Properties, inputs: Properties
    ) -> tuple[str, Properties, Properties]:
        """Give id, outputs and inputs as they really are; an empty id means that it is gone."""
        return id, state, inputs


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The RPCs of one provider; subclasses name their resource types."""

    accepts_secrets = True
    types: dict[str, type[Resource]] = {}

    def __init__(self, version: str) -> None:
        """Take the version to report: the engine warns where it is older than the SDK's."""
        self._version = version
        self._resources = {token: make(self) for token, make in self.types.items()}
        self._engine: Any = None

    def connect_engine(self, address: str) -> None:
        """Open the channel that log lines go to."""
        self._engine = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(address))

    async def log(self, urn: str, message: str, *, ephemeral: bool = True) -> None:
        """Show a line with the resource: an ephemeral one is progress, another stays in the diagnostics."""
        if self._engine is None:
            return
        request = engine_pb2.LogRequest(
            severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=ephemeral
        )
        try:
            await self._engine.Log(request)
        except grpc.RpcError:
            self._engine = None

    def check_config(self, new: Properties) -> Properties:
        """Give the provider's own inputs as they are stored."""
        return new

    def configure(self, args: Properties) -> None:
        """Take the provider's configuration."""

    async def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._version)

    async def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: Context
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=to_struct(self.check_config(from_struct(request.news))))

    async def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: Context
    ) -> provider_pb2.DiffResponse:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_UNKNOWN)

    async def Configure(
        self, request: provider_pb2.ConfigureRequest, context: Context
    ) -> provider_pb2.ConfigureResponse:
        self.configure(from_struct(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=self.accepts_secrets,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=False,
        )

    async def Check(self, request: provider_pb2.CheckRequest, context: Context) -> provider_pb2.CheckResponse:
        resource = await self._resource(request.urn, context)
        inputs, failures = resource.check(from_struct(request.news))
        # The reason names the property: with `property` set, the engine would print its value, secret or not.
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[provider_pb2.CheckFailure(reason=reason) for reason in failures],
        )

    async def Diff(self, request: provider_pb2.DiffRequest, context: Context) -> provider_pb2.DiffResponse:
        resource = await self._resource(request.urn, context)
        found = resource.diff(
            from_struct(request.olds), from_struct(request.old_inputs), from_struct(request.news)
        )
        names = {"add": _KINDS.ADD, "delete": _KINDS.DELETE, "update": _KINDS.UPDATE}
        replacing = {
            "add": _KINDS.ADD_REPLACE,
            "delete": _KINDS.DELETE_REPLACE,
            "update": _KINDS.UPDATE_REPLACE,
        }
        detailed = {
            path: provider_pb2.PropertyDiff(
                kind=(replacing if _top(path) in found.replaces else names)[kind], inputDiff=True
            )
            for path, kind in found.paths.items()
        }
        answer = provider_pb2.DiffResponse
        return answer(
            changes=answer.DIFF_SOME if found.paths else answer.DIFF_NONE,
            replaces=list(found.replaces),
            diffs=sorted({_top(path) for path in found.paths}),
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    async def Create(
        self, request: provider_pb2.CreateRequest, context: Context
    ) -> provider_pb2.CreateResponse:
        resource = await self._resource(request.urn, context)
        change = Change(
            urn=request.urn,
            name=_name(request.urn),
            new=from_struct(request.properties),
            preview=request.preview,
            timeout=request.timeout,
        )
        try:
            id, outputs = await resource.create(change)
        except OperationError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.CreateResponse(id=id, properties=to_struct(outputs))

    async def Update(
        self, request: provider_pb2.UpdateRequest, context: Context
    ) -> provider_pb2.UpdateResponse:
        resource = await self._resource(request.urn, context)
        change = Change(
            urn=request.urn,
            name=_name(request.urn),
            new=from_struct(request.news),
            old=from_struct(request.olds),
            old_inputs=from_struct(request.old_inputs),
            id=request.id,
            preview=request.preview,
            timeout=request.timeout,
        )
        try:
            outputs = await resource.update(change)
        except OperationError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    async def Delete(self, request: provider_pb2.DeleteRequest, context: Context) -> empty_pb2.Empty:
        resource = await self._resource(request.urn, context)
        change = Change(
            urn=request.urn,
            name=_name(request.urn),
            new={},
            old=from_struct(request.properties),
            old_inputs=from_struct(request.old_inputs),
            id=request.id,
            timeout=request.timeout,
        )
        try:
            await resource.delete(change)
        except OperationError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return empty_pb2.Empty()

    async def Read(self, request: provider_pb2.ReadRequest, context: Context) -> provider_pb2.ReadResponse:
        resource = await self._resource(request.urn, context)
        try:
            id, state, inputs = await resource.read(
                request.id, from_struct(request.properties), from_struct(request.inputs)
            )
        except OperationError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.ReadResponse(id=id, properties=to_struct(state), inputs=to_struct(inputs))

    async def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    async def _resource(self, urn: str, context: Context) -> Resource:
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        if token not in self._resources:
            await context.abort(
                grpc.StatusCode.UNIMPLEMENTED,
                f"{token} is not among the resource types of this stand-in provider; use the official plugin",
            )
        return self._resources[token]


def random_hex(count: int = 8) -> str:
    """Give `count` random hexadecimal digits, as the ids of commands end in."""
    return secrets.token_hex((count + 1) // 2)[:count]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _top(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]
