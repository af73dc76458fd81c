"""Filters and pages of the Describe actions of the API stand-in."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from tests.lab.cloud.errors import ApiError
from tests.lab.cloud.params import Json, Params

T = TypeVar("T")
Filters = Mapping[str, Callable[[T], str]]
"""Filter name -> the value of an item that is compared with the values of the filter."""


def filtered(
    params: Params,
    items: Sequence[T],
    keys: Filters[T],
    tags: Callable[[T], Mapping[str, str]] | None = None,
) -> list[T]:
    """Items that match every filter; the values of one filter are alternatives. Unknown filters are
    refused."""
    found = list(items)
    for item in params.children("Filters"):
        name, values = item.need("Name"), item.texts("Values")
        if name in keys:
            found = [one for one in found if keys[name](one) in values]
        elif tags is not None and name == "tag-key":
            found = [one for one in found if set(values) & tags(one).keys()]
        elif tags is not None and name.startswith("tag:"):
            found = [one for one in found if tags(one).get(name.removeprefix("tag:")) in values]
        else:
            raise ApiError("InvalidParameter.FilterInvalidKey", f"The filter key `{name}` is not supported.")
    return found


def listing(
    params: Params,
    name: str,
    items: Sequence[T],
    shown: Callable[[T], Json],
    keys: Filters[T],
    tags: Callable[[T], Mapping[str, str]] | None = None,
) -> Json:
    """The answer of a Describe action: `TotalCount` of all matches, and one page of them below `name`."""
    found = filtered(params, items, keys, tags)
    return {"TotalCount": len(found), name: [shown(item) for item in page(params, found)]}


def page(params: Params, items: Sequence[T], *, default: int = 20, most: int = 100) -> list[T]:
    limit, offset = params.number("Limit", default), params.number("Offset")
    if limit < 0 or limit > most or offset < 0:
        raise ApiError("InvalidParameterValue.Range", f"Limit is 0 to {most}, Offset not below 0.")
    return list(items[offset : offset + limit])
