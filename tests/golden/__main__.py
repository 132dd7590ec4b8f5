"""`python -m tests.golden`: which lives differ from their files. With --write the files are written anew."""

from __future__ import annotations

import sys

from tests.golden.stories import STORIES, file_of, told


def main(arguments: list[str]) -> int:
    """How many lives differ, at most 1; what was written counts as agreed."""
    differing = []
    for name in STORIES:
        text, file = told(name), file_of(name)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            differing.append(name)
        if "--write" in arguments:
            file.write_text(text, encoding="utf-8")
    done = "written anew" if "--write" in arguments else "differs"
    for name in differing:
        print(f"{file_of(name).relative_to(file_of(name).parents[2])}: {done}")
    return int(bool(differing) and "--write" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
