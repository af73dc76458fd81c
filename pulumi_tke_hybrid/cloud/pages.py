"""Lists that the API tells in pages."""

from collections.abc import Callable

from pulumi_tke_hybrid.cloud.client import Answer

PAGE = 100
"""How many items a page has."""


def all_pages(page: Callable[[int], Answer], key: str) -> list[Answer]:
    """The items of all pages; `page` asks for one of `PAGE` items, from an offset on."""
    found: list[Answer] = []
    while True:
        items: list[Answer] = page(len(found)).get(key) or []
        found += items
        if len(items) < PAGE:
            return found
