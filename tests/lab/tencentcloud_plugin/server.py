"""The gRPC face of the stand-in plugin: Pulumi's ResourceProvider service, as the Terraform bridge implements
it."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NoReturn, TypeVar

import grpc  # type: ignore[import-untyped]  # grpcio ships no type information
from google.protobuf import (  # type: ignore[import-untyped]  # protobuf ships no type information
    any_pb2,
    empty_pb2,
    struct_pb2,
)
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from tests.lab.tencentcloud_plugin.client import Api, ApiError, Settings
from tests.lab.tencentcloud_plugin.cluster import Cluster
from tests.lab.tencentcloud_plugin.cluster_endpoint import ClusterEndpoint
from tests.lab.tencentcloud_plugin.install import VERSION
from tests.lab.tencentcloud_plugin.invokes import INVOKES
from tests.lab.tencentcloud_plugin.node_pool import NodePool
from tests.lab.tencentcloud_plugin.plan import apply_ignored, changes, inputs_of_state, planned_state
from tests.lab.tencentcloud_plugin.resource import Data, Gone, Panic, Resource
from tests.lab.tencentcloud_plugin.schema import Checker, Prop, was_defaulted
from tests.lab.tencentcloud_plugin.security_group import SecurityGroup, SecurityGroupRuleSet
from tests.lab.tencentcloud_plugin.subnet import Subnet
from tests.lab.tencentcloud_plugin.timing import Timing
from tests.lab.tencentcloud_plugin.values import (
    Object,
    Secret,
    Unknown,
    Value,
    from_struct,
    mark_secrets,
    plain_object,
    to_struct,
)
from tests.lab.tencentcloud_plugin.vpc import Vpc

T = TypeVar("T")

RESOURCES: Final[dict[str, Resource]] = {
    resource.type_name: resource
    for resource in (
        Vpc(),
        Subnet(),
        Cluster(),
        ClusterEndpoint(),
        NodePool(),
        SecurityGroup(),
        SecurityGroupRuleSet(),
    )
}
_SECRET_CONFIG: Final = frozenset({"secretKey", "securityToken"})
_THREADS: Final = 64
_UNLIMITED: Final = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def _type_of(urn: str) -> str:
    """The resource's own type: `urn:pulumi:stack::project::parent$type::name`."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _name_of(urn: str) -> str:
    return urn.split("::", 3)[-1]


def _resource(urn: str) -> Resource:
    token = _type_of(urn)
    if token not in RESOURCES:
        raise ValueError(
            f"unrecognized resource type (Check): {token} (the stand-in plugin does not model it)"
        )
    return RESOURCES[token]


def _explain(doing: str, urn: str, error: Exception) -> str:
    return f"{doing} {urn}: 1 error occurred:\n\t* {error}\n\n"


def _state_of(struct: struct_pb2.Struct) -> Object:
    state = plain_object(from_struct(struct))
    state.pop("id", None)
    return state


def _marked(resource: Resource, outputs: Object, template: Object) -> Object:
    """Outputs with secrets: those of the schema, and what came in as one."""
    return {
        name: mark_secrets(_schema_secret(resource.props.get(name), value), template.get(name))
        for name, value in outputs.items()
    }


def _schema_secret(prop: Prop | None, value: Value) -> Value:
    if prop is None:
        return value
    if prop.secret:
        return Secret(value)
    if prop.fields and isinstance(value, dict):
        return {name: _schema_secret(prop.fields.get(name), item) for name, item in value.items()}
    return value


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, engine: str = "") -> None:
        """`engine`: address of the engine, which takes the plugin's log."""
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine)) if engine else None
        self._timing = Timing.from_environment()
        self._api: Api | None = None

    @property
    def api(self) -> Api:
        if self._api is None:
            raise RuntimeError("the provider is not configured")
        return self._api

    # -- the plugin itself

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True,
            accept_resources=True,
            accept_outputs=False,
            supports_autonaming_configuration=True,
        )

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": "tencentcloud", "version": VERSION}))

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._timing.cancelled.set()
        return empty_pb2.Empty()

    # -- configuration

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        inputs = from_struct(request.news)
        for name in _SECRET_CONFIG & inputs.keys():
            if not isinstance(inputs[name], (Secret, Unknown)):
                inputs[name] = Secret(inputs[name])
        return provider_pb2.CheckResponse(inputs=to_struct(inputs))

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        olds, news = plain_object(from_struct(request.olds)), plain_object(from_struct(request.news))
        changed = sorted(name for name in {*olds, *news} if olds.get(name) != news.get(name))
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=changed)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        config = {key.rsplit(":", 1)[-1]: value for key, value in request.variables.items()}
        config.update(
            {
                key: value
                for key, value in plain_object(from_struct(request.args)).items()
                if isinstance(value, str)
            }
        )
        self._api = Api(Settings.from_config(config), self._timing, self._debug)
        try:
            self._api.refuse_other_accounts()
        except (ApiError, ValueError) as error:
            _fail(context, str(error))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    # -- resources

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        resource = _resource(request.urn)
        naming = request.autonaming if request.HasField("autonaming") else None
        checker = Checker(
            _name_of(request.urn),
            bytes(request.randomSeed),
            naming.proposed_name if naming is not None else None,
            naming is not None and naming.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE,
        )
        inputs = checker.check(resource.props, from_struct(request.olds), from_struct(request.news))
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in checker.failures
            ],
        )

    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        resource = _resource(request.urn)
        state = _state_of(request.olds)
        inputs = plain_object(from_struct(request.news))
        planned = planned_state(
            resource.props, state, apply_ignored(inputs, state, list(request.ignoreChanges))
        )
        found = list(changes(resource.props, state, planned))
        replaces = [change.path for change in found if change.replaces]
        response = provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=list(dict.fromkeys(change.path.split(".")[0].split("[")[0] for change in found)),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and _name_collides(resource, state, inputs),
            hasDetailedDiff=True,
        )
        for change in found:
            response.detailedDiff[change.path].kind = _KINDS[change.kind, change.replaces]
        return response

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        resource = _resource(request.urn)
        given = from_struct(request.properties)
        inputs = plain_object(given)
        if request.preview:
            planned = planned_state(resource.props, None, inputs)
            resource.customize_create(planned)
            return provider_pb2.CreateResponse(properties=to_struct(_marked(resource, planned, given)))
        data = Data.for_create(resource.props, inputs)
        resource.customize_create(data.planned)
        try:
            resource.create(self.api, data)
        except Exception as error:
            text = _explain("creating", request.urn, error)
            if not data.id:
                _fail(context, text)
            _fail_initialization(
                context, text, data.id, self._struct(resource, data.id, data.outputs, given), given
            )
        return provider_pb2.CreateResponse(
            id=data.id, properties=self._struct(resource, data.id, data.outputs, given)
        )

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        resource = _resource(request.urn)
        given = from_struct(request.inputs)
        old_inputs = plain_object(given)
        state = _state_of(request.properties)
        importing = not state
        if importing and not resource.importable:
            _fail(context, f"resource {resource.tf_name} doesn't support import")
        data = Data.for_read(resource.props, request.id, state)
        try:
            resource.read(self.api, data, importing=importing)
        except Gone:
            return provider_pb2.ReadResponse()
        except Panic as error:
            _die(str(error))
        except Exception as error:
            _fail(context, _explain("refreshing", request.urn, error))
        inputs = inputs_of_state(resource.props, data.outputs, old_inputs or None)
        template = {**from_struct(request.properties), **given}
        return provider_pb2.ReadResponse(
            id=data.id,
            properties=self._struct(resource, data.id, data.outputs, template),
            inputs=to_struct(_marked(resource, inputs, given)),
        )

    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        resource = _resource(request.urn)
        state = _state_of(request.olds)
        given = from_struct(request.news)
        inputs = apply_ignored(plain_object(given), state, list(request.ignoreChanges))
        data = Data.for_update(resource.props, request.id, state, inputs)
        if request.preview:
            # As in Terraform's plan of an update: a computed property keeps its value.
            return provider_pb2.UpdateResponse(
                properties=self._struct(resource, data.id, data.outputs, given)
            )
        try:
            resource.update(self.api, data)
        except Exception as error:
            outputs = data.state if data.partial else data.outputs
            _fail_initialization(
                context,
                _explain("updating", request.urn, error),
                data.id,
                self._struct(resource, data.id, outputs, given),
                given,
            )
        return provider_pb2.UpdateResponse(properties=self._struct(resource, data.id, data.outputs, given))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        resource = _resource(request.urn)
        data = Data.for_read(resource.props, request.id, _state_of(request.properties))
        try:
            resource.delete(self.api, data)
        except Exception as error:
            _fail(context, _explain("deleting", request.urn, error))
        return empty_pb2.Empty()

    def Invoke(
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        if request.tok not in INVOKES:
            _fail(context, f"unrecognized data function (StreamInvoke): {request.tok}")
        try:
            result = INVOKES[request.tok](self.api, plain_object(from_struct(request.args)))
        except Exception as error:
            _fail(context, f"invoking {request.tok}: 1 error occurred:\n\t* {error}\n\n")
        response = provider_pb2.InvokeResponse()
        # A keyword of Python, so the field can only be had by name.
        getattr(response, "return").CopyFrom(to_struct(result))
        return response

    def _debug(self, text: str) -> None:
        """The engine writes it into its log with `-v=3` and more."""
        if self._engine is not None:
            self._engine.Log(engine_pb2.LogRequest(severity=engine_pb2.DEBUG, message=text))

    def _struct(self, resource: Resource, id_: str, outputs: Object, template: Object) -> struct_pb2.Struct:
        return to_struct({"id": id_, **_marked(resource, outputs, template)})


def _name_collides(resource: Resource, state: Object, inputs: Object) -> bool:
    """The bridge deletes first if the name was given by the program and stays the same."""
    return any(
        prop.auto_name and not was_defaulted(inputs, name) and state.get(name) == inputs.get(name)
        for name, prop in resource.props.items()
    )


def _die(where: str) -> NoReturn:
    """As Go does at a nil pointer: a trace on stderr, and the whole process ends."""
    sys.stderr.write(
        "panic: runtime error: invalid memory address or nil pointer dereference\n"
        "[signal SIGSEGV: segmentation violation]\n\ngoroutine 1 [running]:\n"
        f"{where}(...)\n"
    )
    sys.stderr.flush()
    os._exit(2)


def _fail(context: grpc.ServicerContext, text: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, text)
    raise AssertionError("abort always raises")


def _fail_initialization(
    context: grpc.ServicerContext, text: str, id_: str, properties: struct_pb2.Struct, inputs: Object
) -> NoReturn:
    """The bridge's error that still has a state: the engine keeps the state, with the new inputs."""
    detail = provider_pb2.ErrorResourceInitFailed(
        id=id_, properties=properties, reasons=[text], inputs=to_struct(inputs)
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text, details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    _fail(context, text)


def serve(port: int = 0, engine: str = "") -> tuple[grpc.Server, int]:
    """Start the server on loopback; the second value is its port. `engine`: see `Provider`."""
    server = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=_UNLIMITED)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(engine), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound
