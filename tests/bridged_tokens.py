"""Tokens of the bridged provider for tokens of `tencentcloud-iac-pulumi`."""

_NAMED_INSTANCES = ("Clb",)


def bridged(token: str) -> str:
    """Return the bridged provider's token: the reverse of `resource_types.canonical`.

    `Vpc/instance:Instance` → `index/vpc:Vpc`, except `Clb/instance:Instance`, whose Terraform name is
    `tencentcloud_clb_instance`.
    """
    module, _, name = token.removeprefix("tencentcloud:").partition("/")
    name = name.partition(":")[2]
    whole = module if name == "Instance" and module not in _NAMED_INSTANCES else f"{module}{name}"
    return f"tencentcloud:index/{whole[:1].lower()}{whole[1:]}:{whole}"
