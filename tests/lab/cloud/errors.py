"""Errors of the API stand-in, with the vendor's codes."""


class ApiError(Exception):
    """Answered as HTTP 200 with `Response.Error`, like the cloud does."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def missing(name: str) -> ApiError:
    return ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")


def wrong_type(name: str, wanted: str) -> ApiError:
    return ApiError(
        "InvalidParameter", f"The value type of parameter `{name}` is not valid: {wanted} expected."
    )


def not_found(kind: str, resource_id: str) -> ApiError:
    return ApiError("ResourceNotFound", f"{kind} `{resource_id}` does not exist.")


def in_use(kind: str, resource_id: str, why: str) -> ApiError:
    return ApiError("ResourceInUse", f"{kind} `{resource_id}` is in use: {why}.")


def cluster_not_found(cluster_id: str) -> ApiError:
    return ApiError("InternalError.ClusterNotFound", f"CLUSTER_NOT_FOUND[cluster {cluster_id} not found].")
