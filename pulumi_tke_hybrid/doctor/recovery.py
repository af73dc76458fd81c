"""The commands that bring a stack and the cloud together again after an interrupted run, in their order.

The provider's deletion decides which command helps (plugin 0.2.3, measured): the provider cannot delete a
node pool or a cluster that is gone; its refresh ends with a crash at a node pool that is gone, and fails at
an endpoint whose cluster is gone or that is closed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from rich.text import Text

from pulumi_tke_hybrid.cli.process import CouldNotTell, ExitCode, several
from pulumi_tke_hybrid.cli.result import Column, ReportFiles, Result, Table
from pulumi_tke_hybrid.cloud.api_client import Cloud
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.doctor.machine import redacted
from pulumi_tke_hybrid.doctor.stack_state import CLOSED, GONE, OFF, PENDING, Found, Stack
from pulumi_tke_hybrid.plan import resource_types as types
from pulumi_tke_hybrid.plan.model import State, provider_of
from pulumi_tke_hybrid.tke import printable
from pulumi_tke_hybrid.tke.objects import mapping, texts

UP, DESTROY = "up", "destroy"
_IN_CLUSTER = (
    "kubernetes:",
    "pulumi:providers:kubernetes",
    "tencentcloud:Kubernetes/",
    "pulumi-python:dynamic/tke-hybrid:",
    "tke-hybrid:",
)
"""Beginnings of the types whose resources are gone with their cluster, or hold nothing in the cloud."""


@dataclass(frozen=True)
class Command:
    """One command with its reason, or one action in the console."""

    text: str
    why: str
    ending: str = ""
    """`up` or `destroy`: one of two ways to end. Empty for a command that both ways need."""
    manual: bool = False
    """Whether a person does this in the console or in the program."""


def refuse_other_account(cloud: Cloud, account: str) -> None:
    """Raise `CouldNotTell` if the credentials are not of the stack's account: every resource would seem to be
    gone."""
    try:
        found = str(cloud.call("sts", "GetCallerIdentity", {}).get("AccountId") or "")
    except CloudError as error:
        code = redacted(error.code, 80)
        raise CouldNotTell(
            f"the account of the credentials could not be read: {error.action} failed: {code}; `tke-hybrid"
            " doctor` without --state has the remedy"
        ) from None
    if found != account:
        raise CouldNotTell(f"the credentials are of account {found}, and the stack is of account {account}")


def refuse_doubt(stack: Stack, found: Sequence[Found], account: str) -> None:
    """Raise `CouldNotTell` if all of a stack seems gone, and neither the stack nor the option `account` has
    the stack's account: with other credentials, or in another region, all of a stack that exists seems
    gone."""
    gone = sum(item.condition == GONE for item in found)
    if not (stack.account or account) and gone and gone == stack.compared:
        raise CouldNotTell(
            "all resources of the stack seem gone, and the stack does not store its account; make sure that"
            " the region is that of the stack, and give the stack's account: --account UIN"
        )


def result(stack: Stack, found: Sequence[Found], made: Sequence[Command], unknowns: Sequence[str]) -> Result:
    """The result of the comparison, with the commands."""
    pending = sum(item.condition.startswith(PENDING) for item in found)
    differs = len(found) - pending
    headline = f"{several(stack.compared, 'resource')} compared: nothing to repair"
    if found:
        gone = f"{several(differs, 'resource')} gone, closed or off"
        headline = f"{gone}, {pending} pending: run the commands in this order"
    elif unknowns:
        headline = "could not tell: not every resource could be compared"
    columns = [Column[Found]("", key, attrgetter(key)) for key in ("urn", "kind", "id", "condition")]
    listed = [Column[Command]("", "command", lambda command: command.text)]
    listed += [Column("", key, attrgetter(key)) for key in ("why", "ending", "manual")]
    return Result(
        headline,
        unknowns=unknowns,
        tables=[Table("resources", columns, found), Table("commands", listed, made)],
        measured=ExitCode.NOT_FINE if found else ExitCode.FINE,
        data={"unknowns": list(unknowns)},
    )


def show(made: Sequence[Command], found: Sequence[Found], reports: ReportFiles) -> None:
    """Print each resource and each command; a command is one line, however long."""
    console = reports.console(soft_wrap=True)
    for item in found:
        line = f"{item.kind} {item.id}".strip()
        console.print(Text.assemble((f"{item.condition}: ", "bold red"), printable(line)))
        console.print(Text(f"     {printable(item.urn)}", style="dim"))
    common = [command for command in made if not command.ending]
    for ending, title in (("", "Run in this order:"), (UP, "Then, to go on with the stack:"),
                          (DESTROY, "Or, to destroy the rest of the stack:")):  # fmt: skip
        part = [command for command in made if command.ending == ending]
        if part:
            console.print(Text(f"\n{title}", style="bold"))
        for number, command in enumerate(part, 1 + (len(common) if ending else 0)):
            mark = f"{number:3}. " + ("(by hand) " if command.manual else "")
            console.print(Text.assemble(mark, (printable(command.text), "bold")))
            console.print(Text(f"     why: {printable(command.why)}"))


def commands(stack: Stack, found: Sequence[Found], name: str, *, whole: bool) -> Iterator[Command]:
    """Yield the commands in their order; none if nothing was found. `name`: the stack as `pulumi --stack`
    takes the stack. `whole`: whether every resource could be compared."""
    if not found:
        return
    plan = _Plan(stack, found, name, whole)
    if stack.pending:
        yield plan.pulumi(
            "cancel",
            "the run that left pending operations may still hold the lock of the stack; leave this command"
            " out while a run of the stack is active",
        )
    yield from plan.removals()
    yield from plan.imports()
    yield from plan.refreshes()
    yield from plan.up()
    yield from plan.destroy()


class _Plan:
    """The commands for one stack."""

    def __init__(self, stack: Stack, found: Sequence[Found], name: str, whole: bool) -> None:
        self._whole = whole
        self._name = name
        self._stack = stack
        self._found = found
        self._left = dict(stack.states)
        """The states without those that the commands so far remove."""
        of_a_cluster = (types.CLUSTER, types.ENDPOINT, types.SWITCH, types.SWITCH_READY)
        self._gone_clusters = {
            item.id for item in found if item.condition == GONE and item.type in of_a_cluster
        }
        self._clears = any(item.is_pending_creation for item in found)
        self._blocked: list[Found] = []
        """Node pools that are gone, and on which a resource that exists depends."""

    def pulumi(self, arguments: str, why: str, ending: str = "") -> Command:
        return Command(f"pulumi {arguments} --stack {_quoted(self._name)}", why, ending)

    def removals(self) -> Iterator[Command]:
        """Yield `pulumi state delete` for each resource that the provider can neither delete nor refresh."""
        order = {types.CLUSTER: 0, types.ENDPOINT: 1, **dict.fromkeys(types.LISTED_POOLS, 2)}
        gone = [item for item in self._found if item.condition == GONE and item.type in order]
        for item in sorted(gone, key=lambda item: order[item.type]):
            if item.urn not in self._left:
                continue  # removed with its cluster or its endpoint
            others = dependents(self._left, item.urn)
            if item.type == types.CLUSTER and not others:
                continue  # a refresh removes the cluster
            if others and item.id.partition("#")[0] not in self._gone_clusters:
                self._blocked.append(item)
                continue
            if outside := [urn for urn in others if not _type_of(self._left, urn).startswith(_IN_CLUSTER)]:
                yield Command(
                    f"write down the ids of {', '.join(map(_name, outside))}",
                    "they depend on what is gone, so the next command removes them from the state; they may"
                    " still exist",
                    manual=True,
                )
            force = " --target-dependents --force" if others else self._force(item.urn)
            yield self.pulumi(f"state delete {_quoted(item.urn)}{force}", _why_removed(item, len(others)))
            for urn in (item.urn, *others):
                del self._left[urn]

    def _force(self, urn: str) -> str:
        return " --force" if self._left[urn].get("protect") is True else ""

    def imports(self) -> Iterator[Command]:
        """Yield the import of each resource whose creation succeeded although no run saw its end."""
        for item in self._found:
            if not item.is_pending_creation or not item.id:
                continue
            if item.type == types.ENDPOINT:
                yield Command(
                    f"in the console, close the endpoint of {item.id}",
                    "no state has the open endpoint, and the provider cannot import it; `pulumi up` opens it",
                    manual=True,
                )
                continue
            state = next(state for _, state in self._stack.pending if state.get("urn") == item.urn)
            yield self.pulumi(
                f"import {_quoted(str(state.get('type')))} {_quoted(_name(item.urn))} {_quoted(item.id)}"
                f"{_parent(state)}{_provider(state)} --protect=false --generate-code=false",
                f"the {item.kind} was made, and no state has it; another run would make a second one",
            )

    def refreshes(self) -> Iterator[Command]:
        """Yield one refresh, if a creation is pending, or if a resource is gone that a refresh removes."""
        reads = self._reads
        if not self._clears and (not reads or self._refresh_is_safe):
            return  # the last command refreshes
        why = ["a refresh removes what is gone"] if reads else []
        why += ["the pending creations end here"] if self._clears else []
        urns = [item.urn for item in reads] or list(self._left)[:1]
        urns = [] if self._refresh_is_safe else urns
        why += ["the plugin may fail at a resource that this command does not read"] if urns else []
        flag = " --clear-pending-creates" if self._clears else ""
        targets = "".join(f" --target {_quoted(urn)}" for urn in urns)
        yield self.pulumi(f"refresh{flag}{targets}", "; ".join(why))

    @property
    def _reads(self) -> list[Found]:
        """The resources of which the provider's read finds out that they are gone."""
        left = [item for item in self._found if item.urn in self._left and item not in self._blocked]
        return [item for item in left if item.condition in (GONE, OFF)]

    @property
    def _refresh_is_safe(self) -> bool:
        """Whether the plugin reads every resource that is left without a failure: a resource that could not
        be compared may be one at which a refresh fails."""
        closed = any(item.condition == CLOSED for item in self._found)
        return self._whole and not self._blocked and not closed

    def _end(self, command: str, ending: str, why: str) -> Command:
        if self._reads and not self._clears and self._refresh_is_safe:
            return self.pulumi(f"{command} --refresh", f"{why}; the refresh removes what is gone", ending)
        return self.pulumi(command, why, ending)

    def up(self) -> Iterator[Command]:
        """Yield the commands with which the stack goes on."""
        for item in self._found:
            if item.condition == CLOSED:
                yield Command(
                    f"in the console, open the endpoint of {item.id} as the program has it",
                    "the provider does not notice that the endpoint is closed",
                    UP,
                    manual=True,
                )
        for item in self._blocked:
            yield Command(
                f"take the {item.kind} {_name(item.urn)} out of the program",
                f"{item.id} is gone, and resources that exist depend on it",
                UP,
                manual=True,
            )
        yield from self._blocked_removals("up", UP)
        yield self._end("up", UP, "makes what is missing")

    def destroy(self) -> Iterator[Command]:
        """Yield the commands with which the rest of the stack is destroyed."""
        yield from self._blocked_removals("destroy", DESTROY)
        yield self._end("destroy", DESTROY, "deletes what is left")

    def _blocked_removals(self, command: str, ending: str) -> Iterator[Command]:
        if not self._blocked:
            return
        why = "ends with the error of what is gone; after this command nothing depends on it any more"
        yield self.pulumi(command, why, ending)
        for item in self._blocked:
            text = f"state delete {_quoted(item.urn)}{self._force(item.urn)}"
            yield self.pulumi(text, _why_removed(item, 0), ending)


def dependents(states: Mapping[str, State], urn: str) -> list[str]:
    """Return the URNs of all resources that depend on the resource, directly or through others: `pulumi state
    delete` refuses to leave them."""
    found = {urn}
    while more := {other for other, state in states.items() if other not in found and _needs(state) & found}:
        found |= more
    return [other for other in states if other in found and other != urn]


def _needs(state: State) -> set[str]:
    by_property = (texts(urns) for urns in mapping(state.get("propertyDependencies")).values())
    provider = provider_of(state)
    named = {str(state.get(name) or "") for name in ("parent", "deletedWith")}
    return {provider, *named, *texts(state.get("dependencies"))}.union(*by_property)


def _why_removed(item: Found, others: int) -> str:
    if item.type == types.NODE_POOL:
        why = f"{item.id} is gone: the plugin cannot delete it, and a refresh ends the plugin"
    elif item.type in types.LISTED_POOLS:
        why = f"{item.id} is gone: whether the plugin can delete or read such a {item.kind} is not known"
    elif item.type == types.ENDPOINT:
        why = f"the cluster {item.id} is gone: the plugin can neither delete nor read its endpoint"
    else:
        why = f"{item.id} is gone: the plugin cannot delete it"
    return f"{why}; {several(others, 'resource')} inside the cluster are gone as well" if others else why


def _type_of(states: Mapping[str, State], urn: str) -> str:
    state = states[urn]
    return types.canonical(str(state.get("type") or ""), mapping(state.get("inputs")))


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _parent(state: State) -> str:
    urn = str(state.get("parent") or "")
    return f" --parent {_pair(urn)}" if urn and "pulumi:pulumi:Stack::" not in urn else ""


def _provider(state: State) -> str:
    urn = provider_of(state)
    return "" if not urn or _name(urn).startswith("default") else f" --provider {_pair(urn)}"


def _pair(urn: str) -> str:
    return _quoted(f"{_name(urn)}={urn}")


def _quoted(text: str) -> str:
    """One argument for a POSIX shell and for PowerShell; a URN has `$`."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
