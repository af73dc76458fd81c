"""The entrance of the API stand-in: checks of credentials, signature, action and fields, and the injected
faults."""

import asyncio
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from tests.lab.cloud.actions import FURTHER, SERVICES, Service
from tests.lab.cloud.calls import CallLog, is_write, without_secrets
from tests.lab.cloud.core import Call, Cloud
from tests.lab.cloud.errors import ApiError, missing
from tests.lab.cloud.faults import Fault, Faults
from tests.lab.cloud.fields import validate
from tests.lab.cloud.params import Json, Params
from tests.lab.cloud.signature import verify
from tests.lab.cloud.zones import is_region

_log = logging.getLogger(__name__)
_MAX_BODY = 10 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    headers: Mapping[str, str]
    """By lower-case names."""
    body: bytes
    method: str = "POST"
    query: str = ""

    @property
    def host(self) -> str:
        """Without the port."""
        return self.headers.get("host", "").split(":", 1)[0]

    @property
    def service(self) -> str:
        """The first label of the host. The domain after it does not matter."""
        return self.host.split(".", 1)[0]


@dataclass
class Gateway:
    cloud: Cloud
    credentials: Mapping[str, str]
    tokens: Mapping[str, str] = field(default_factory=dict[str, str])
    """Secret id -> the token that must come with it; for temporary credentials."""
    calls: CallLog = field(default_factory=CallLog)
    faults: Faults = field(default_factory=Faults)

    async def answer(self, request: Request) -> Json | None:
        """The body of the answer; None when the connection is to be closed without one."""
        headers = request.headers
        action, region = headers.get("x-tc-action", ""), headers.get("x-tc-region", "")
        entry = self.calls.open(request.service, action, region, request.host)
        request_id = str(uuid.uuid4())
        fault: Fault | None = None
        try:
            service, values = self._admit(request, action, region)
            entry["request"] = without_secrets(values)
            fault = self.faults.take(action)
            if fault is not None:
                entry["fault"] = fault.kind
                await asyncio.sleep(fault.seconds)
                if fault.kind == "drop_before":
                    return None
                if fault.kind in ("error", "throttle"):
                    raise fault.error()
            response = self._act(request.service, service, action, region, values)
        except ApiError as error:
            entry["error"] = error.code
            response = {"Error": {"Code": error.code, "Message": error.message}}
        finally:
            entry["done"] = True
        if fault is not None and fault.kind == "drop_after":
            return None
        return {"Response": {**response, "RequestId": request_id}}

    def _admit(self, request: Request, action: str, region: str) -> tuple[Service, Json]:
        headers = request.headers
        if len(request.body) > _MAX_BODY:
            raise ApiError("RequestSizeLimitExceeded", "The request body exceeds 10 MB.")
        for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp"):
            if not headers.get(name.lower()):
                raise missing(name)
        service = FURTHER.get((request.service, headers["x-tc-version"])) or SERVICES.get(request.service)
        if service is None:
            raise ApiError("NoSuchProduct", f"The product `{request.service}` does not exist.")
        verify(
            headers,
            request.body,
            method=request.method,
            query=request.query,
            service=request.service,
            credentials=self.credentials,
            tokens=self.tokens,
        )
        if headers["x-tc-version"] != service.version:
            raise ApiError("NoSuchVersion", f"The version `{headers['x-tc-version']}` does not exist.")
        if action not in service.actions:
            raise ApiError(
                "InvalidAction", f"The action `{action}` does not exist or is not supported by this stand-in."
            )
        if service.regional and not region:
            raise missing("X-TC-Region")
        if region and not is_region(region):
            raise ApiError("UnsupportedRegion", f"The region `{region}` is not supported.")
        return service, _parameters(request.body)

    def _act(self, name: str, service: Service, action: str, region: str, values: Json) -> Json:
        validate(name, service.version, action, values)
        try:
            answer = service.actions[action](Call(self.cloud, region, Params(values)))
        except ApiError:
            raise
        except Exception as error:
            # A mistake of the stand-in: loud in the log, and never mistaken for an answer of the cloud.
            _log.exception("%s:%s", name, action)
            raise ApiError("InternalError.LabBug", f"{action}: {type(error).__name__}") from error
        if is_write(action):
            self.cloud.runtime.wake()
        return answer


def _parameters(body: bytes) -> Json:
    try:
        values: object = json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError("InvalidRequest", "The request body is not JSON.") from error
    if not isinstance(values, dict):
        raise ApiError("InvalidRequest", "The request body is not a JSON object.")
    return cast("Json", values)
