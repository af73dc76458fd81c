"""Plays the Pulumi engine for the stand-in plugin's own tests: check, diff, then create, update or replace;
refresh."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # protobuf ships no type information
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from tests.lab.tencentcloud_plugin.values import Object, from_struct, plain_object, to_struct

Response = TypeVar("Response")


class Client:
    """The generated stub, with the types that it lacks."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = provider_pb2_grpc.ResourceProviderStub(channel)

    def call(self, method: str, request: object, _answer: type[Response]) -> Response:
        rpc: Callable[[object], Response] = getattr(self._stub, method)
        return rpc(request)

    def configure(self, config: Object) -> None:
        request = provider_pb2.ConfigureRequest(args=to_struct(config), acceptSecrets=True)
        self.call("Configure", request, provider_pb2.ConfigureResponse)

    def check_config(self, config: Object) -> Object:
        request = provider_pb2.CheckRequest(news=to_struct(config))
        return from_struct(self.call("CheckConfig", request, provider_pb2.CheckResponse).inputs)

    def diff_config(self, old: Object, new: Object) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(olds=to_struct(old), news=to_struct(new))
        return self.call("DiffConfig", request, provider_pb2.DiffResponse)

    def version(self) -> str:
        return self.call("GetPluginInfo", empty_pb2.Empty(), plugin_pb2.PluginInfo).version

    def invoke(self, token: str, arguments: Object) -> Object:
        request = provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments))
        answer = self.call("Invoke", request, provider_pb2.InvokeResponse)
        return from_struct(getattr(answer, "return"))


class Refused(Exception):
    """Check did not accept the inputs."""


class Failed(Exception):
    """The provider answered with an error; `kept` if the answer has a state to keep."""

    def __init__(self, text: str, *, kept: bool) -> None:
        super().__init__(text)
        self.kept = kept


@dataclass
class Step:
    kind: str
    """create, update, replace or same."""
    detailed: dict[str, str] = field(default_factory=dict[str, str])
    delete_first: bool = False


@dataclass
class Managed:
    """A resource in the state of a stack."""

    client: Client
    token: str
    ignore: Sequence[str] = ()
    id: str = ""
    inputs: Object = field(default_factory=dict[str, Any])
    outputs: Object = field(default_factory=dict[str, Any])
    """As on the wire: with secrets marked."""

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::lab::{self.token}::it"

    @property
    def state(self) -> Object:
        return plain_object(self.outputs)

    def check(self, program: Object) -> Object:
        wanted = dict(program)
        if self.id:
            # The engine resets ignored inputs to the old inputs before it calls the provider.
            for name in self.ignore:
                wanted.pop(name, None)
                if name in self.inputs:
                    wanted[name] = self.inputs[name]
        answer = self.client.call(
            "Check",
            provider_pb2.CheckRequest(
                urn=self.urn, olds=to_struct(self.inputs), news=to_struct(wanted), randomSeed=b"seed"
            ),
            provider_pb2.CheckResponse,
        )
        if answer.failures:
            raise Refused("\n".join(failure.reason for failure in answer.failures))
        return from_struct(answer.inputs)

    def plan(self, program: Object) -> Step:
        inputs = self.check(program)
        if not self.id:
            return Step("create")
        answer = self.client.call(
            "Diff",
            provider_pb2.DiffRequest(
                id=self.id,
                urn=self.urn,
                olds=to_struct(self.outputs),
                news=to_struct(inputs),
                old_inputs=to_struct(self.inputs),
                ignoreChanges=list(self.ignore),
            ),
            provider_pb2.DiffResponse,
        )
        detailed = {
            path: provider_pb2.PropertyDiff.Kind.Name(diff.kind) for path, diff in answer.detailedDiff.items()
        }
        if answer.replaces:
            return Step("replace", detailed, answer.deleteBeforeReplace)
        some = answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        return Step("update" if some else "same", detailed)

    def up(self, program: Object) -> Step:
        inputs = self.check(program)
        step = self.plan(program)
        try:
            if step.kind == "create":
                created = self._create(inputs, preview=False)
                self.id, self.outputs, self.inputs = created.id, from_struct(created.properties), inputs
            elif step.kind == "update":
                updated = self._update(inputs, preview=False)
                self.outputs, self.inputs = from_struct(updated.properties), inputs
        except grpc.RpcError as error:
            raise self._failed(error) from error
        return step

    def preview(self, program: Object) -> Object:
        inputs = self.check(program)
        if not self.id:
            return from_struct(self._create(inputs, preview=True).properties)
        return from_struct(self._update(inputs, preview=True).properties)

    def _create(self, inputs: Object, *, preview: bool) -> provider_pb2.CreateResponse:
        request = provider_pb2.CreateRequest(urn=self.urn, properties=to_struct(inputs), preview=preview)
        return self.client.call("Create", request, provider_pb2.CreateResponse)

    def _update(self, inputs: Object, *, preview: bool) -> provider_pb2.UpdateResponse:
        request = provider_pb2.UpdateRequest(
            id=self.id,
            urn=self.urn,
            olds=to_struct(self.outputs),
            news=to_struct(inputs),
            old_inputs=to_struct(self.inputs),
            ignoreChanges=list(self.ignore),
            preview=preview,
        )
        return self.client.call("Update", request, provider_pb2.UpdateResponse)

    def _failed(self, error: grpc.RpcError) -> Failed:
        trailing: Any = error.trailing_metadata()
        raw: bytes | None = dict(trailing).get("grpc-status-details-bin")
        if raw is None:
            return Failed(str(error.details()), kept=False)
        status = status_pb2.Status()
        status.ParseFromString(raw)
        detail = provider_pb2.ErrorResourceInitFailed()
        status.details[0].Unpack(detail)
        self.id, self.outputs, self.inputs = (
            detail.id,
            from_struct(detail.properties),
            from_struct(detail.inputs),
        )
        return Failed(detail.reasons[0], kept=True)

    def refresh(self) -> None:
        answer = self.client.call(
            "Read",
            provider_pb2.ReadRequest(
                id=self.id, urn=self.urn, properties=to_struct(self.outputs), inputs=to_struct(self.inputs)
            ),
            provider_pb2.ReadResponse,
        )
        self.id = answer.id
        self.outputs, self.inputs = from_struct(answer.properties), from_struct(answer.inputs)

    def import_(self, id_: str) -> None:
        answer = self.client.call(
            "Read", provider_pb2.ReadRequest(id=id_, urn=self.urn), provider_pb2.ReadResponse
        )
        self.id, self.outputs, self.inputs = (
            answer.id,
            from_struct(answer.properties),
            from_struct(answer.inputs),
        )

    def delete(self) -> None:
        request = provider_pb2.DeleteRequest(id=self.id, urn=self.urn, properties=to_struct(self.outputs))
        try:
            self.client.call("Delete", request, empty_pb2.Empty)
        except grpc.RpcError as error:
            raise self._failed(error) from error
        self.id = ""
