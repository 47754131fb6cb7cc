"""Accounts for a class, on the machine of its room: ``sudo .venv/bin/python -m teaching.room.accounts names.txt``.

names.txt has a learner's name on each line, of lower-case letters, digits, - and _. Each gets an account
in the group 'learners', a home that nobody else can read, and a password made here. Names and passwords
are printed, a line each, and kept nowhere: print the list, or send it to a file that only you can read
(umask 077). Whoever has an account already is left as they are.
"""

import argparse
import pwd
import re
import secrets
import subprocess
import sys
from pathlib import Path

GROUP = "learners"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def add(name: str, password: str) -> None:
    """Make the account. Raises CalledProcessError if the system refuses."""
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", "--gid", GROUP, name], check=True)
    Path(pwd.getpwnam(name).pw_dir).chmod(0o700)
    subprocess.run(["chpasswd"], input=f"{name}:{password}\n", text=True, check=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m teaching.room.accounts", description="Accounts for a class, on this machine."
    )
    parser.add_argument("names", type=Path, help="a file with a name on each line")
    names = parser.parse_args(arguments).names.read_text(encoding="utf-8").split()
    if wrong := [name for name in names if not NAME.fullmatch(name)]:
        print(f"These cannot be names of accounts: {', '.join(wrong)}", file=sys.stderr)
        return 1
    subprocess.run(["groupadd", "--force", GROUP], check=True)
    have = {account.pw_name for account in pwd.getpwall()}
    for name in dict.fromkeys(names):
        if name in have:
            print(f"{name} has an account already, and keeps it.", file=sys.stderr)
        else:
            password = secrets.token_hex(5)
            add(name, password)
            print(name, password)
    return 0


if __name__ == "__main__":
    sys.exit(main())
