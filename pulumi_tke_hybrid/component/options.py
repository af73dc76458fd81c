"""The one way in which components make the options of their children."""

from collections.abc import Sequence

import pulumi


def child_options(
    parent: pulumi.Resource,
    *,
    depends_on: Sequence[pulumi.Resource] = (),
    provider: pulumi.ProviderResource | None = None,
    protect: bool | None = None,
    ignore_changes: Sequence[str] = (),
    replace_on_changes: Sequence[str] = (),
    additional_secret_outputs: Sequence[str] = (),
    delete_before_replace: bool | None = None,
    retain_on_delete: bool | None = None,
    replacement_trigger: pulumi.Output[str] | None = None,
    custom_timeouts: pulumi.CustomTimeouts | None = None,
    hooks: pulumi.ResourceHookBinding | None = None,
) -> pulumi.ResourceOptions:
    """Options of a child of `parent`.

    The caller's providers, `protect`, transforms and aliases reach the child by parentage; `depends_on` by the component's own
    registration. Options are never merged: a merge would replace the parent by the caller's.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(depends_on) or None,
        provider=provider,
        protect=protect,
        ignore_changes=list(ignore_changes) or None,
        replace_on_changes=list(replace_on_changes) or None,
        additional_secret_outputs=list(additional_secret_outputs) or None,
        delete_before_replace=delete_before_replace,
        retain_on_delete=retain_on_delete,
        replacement_trigger=replacement_trigger,
        custom_timeouts=custom_timeouts,
        hooks=hooks,
    )
