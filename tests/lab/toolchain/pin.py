"""`python -m tests.lab.toolchain pin`: download the official archives, and pin their SHA-256 sums.

A pinned sum is never replaced. Compare the new lines with the lists that the projects publish, before the
commit.
"""

import sys
from pathlib import Path

from tests.lab.toolchain.cache import cache_root
from tests.lab.toolchain.errors import ToolchainError
from tests.lab.toolchain.fetch import client, download, shown, sum_of
from tests.lab.toolchain.pins import GROUPS
from tests.lab.toolchain.progress import Progress
from tests.lab.toolchain.releases import ARCHITECTURES, SUMS, archives, pinned_sums


def pin(sums_file: Path = SUMS, progress: Progress | None = None) -> int:
    """Add a line for each archive without a sum, and return the number of new lines.

    Raises `ToolchainError` if an archive does not have its pinned sum.
    """
    known, new = pinned_sums(), dict[str, str]()
    progress = progress or Progress()
    part = cache_root() / "downloads" / "pin"
    part.parent.mkdir(parents=True, exist_ok=True)
    with client() as http:
        for group in GROUPS:
            for archive in (
                one for arch in sorted(set(ARCHITECTURES.values())) for one in archives(group.name, arch)
            ):
                part.unlink(missing_ok=True)
                download(http, archive.location, part, group.name, progress)
                found = sum_of(part)
                part.unlink()
                if known.get(archive.path, found) != found:
                    raise ToolchainError(
                        f"{shown(archive.location)} has the SHA-256 sum {found}, not the pinned"
                        f" {known[archive.path]}"
                    )
                if archive.path not in known:
                    new[archive.path] = found
                    print(f"{found}  {archive.path}", file=sys.stderr)
    with sums_file.open("a") as file:
        file.writelines(f"{found}  {path}\n" for path, found in new.items())
    return len(new)
