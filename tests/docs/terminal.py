"""A terminal that does what a page says: one shell for the page, in a folder of its own.

The folder stands for the root of the checkout: what `cd` names there is copied into it. A plain
command of `loyalty` runs in this process, in the folder and the environment of the shell. A folder
that `loyalty plugin new` made is entered, and its plugin found as if it were installed. Servers are
started on ports that are free, and stopped with the page. What needs a network (pip, tox) is not
run but looked up: `looked_up.py`.
"""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from unittest.mock import patch

from typer import testing

from tests.architecture.tree import ROOT, project_files
from tests.docs import looked_up
from tests.docs.samples import Block, blocks, kind_of
from tests.unit.cli.shop import built

START_SECONDS = 60
COLUMNS = "120"
BARE = ("CI", "VIRTUAL_ENV", "LOYALTY_CONFIG", "LOYALTY_DATABASE")
SERVERS = {
    re.compile(r"\bflask\b.* run\b"): (5000, "{} --port {}"),
    re.compile(r"\buvicorn\b"): (8000, "{} --port {}"),
    re.compile(r"\bmanage\.py runserver\b"): (8000, "{} --noreload {}"),
    re.compile(r"\bloyalty serve\b"): (8000, "{} --port {}"),
    re.compile(r"-m examples\.shops\b"): (8010, "{} --gateway-port 0 --port {}"),
}
"""What never ends by itself: the port it takes, and how it is told another one."""
_PLAIN = re.compile(r"loyalty (?!serve|demo)[^|&;<>$`*]*")
_WRITTEN = re.compile(r"^wrote (loyalty-[\w-]+)$", re.MULTILINE)
_TOLD = "code=$?; printf '\\n\\036%s\\n' $code; (exit $code)"
_LIKE = doctest.OutputChecker()


@dataclass(frozen=True)
class Command:
    """A command of a block, and what the page shows of its output; nothing if it is empty."""

    text: str
    shown: str


def commands(block: Block) -> Iterator[Command]:
    """The commands of a block: those behind `$`, or else each line, or several, of it."""
    if block.text.startswith("$ "):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            text, shown = _cut(part)
            yield Command(text, shown)
        return
    rest = block.text
    while rest.strip():
        text, rest = _cut(rest)
        yield Command(text, "")


def _cut(text: str) -> tuple[str, str]:
    """The first command, which may have several lines, and what follows it."""
    lines = text.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        command = "".join(lines[:count])
        if not command.endswith("\\\n") and looked_up.whole(command):
            return command.rstrip("\n"), "".join(lines[count:])
    raise AssertionError(f"a quotation does not end: {text!r}")


class Terminal:
    """A shell in a folder, what it started, and what it is asked."""

    def __init__(self, page: Path, home: Path) -> None:
        self.page, self.home = page, home / "here"
        self.ports: dict[int, int] = {}
        self.folder = self.home
        self.home.mkdir()
        self.programs = home / "programs"
        self.programs.mkdir()
        self.installed = home / "installed"
        self.errors = home / "errors"
        with self.errors.open("wb") as errors:
            self.shell = subprocess.Popen(
                ["bash", "--norc", "--noprofile"],
                cwd=self.home,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in BARE}
        programs = [str(self.programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        return {
            **kept,
            "PATH": os.pathsep.join(programs),
            "PYTHONPATH": os.pathsep.join([str(self.installed), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": COLUMNS,
        }

    def follow(self) -> list[str]:
        """Does all that the page says, in its order; the commands that were run."""
        done = []
        for block in blocks(self.page):
            kind = kind_of(block)
            if kind == "file":
                target = self.folder / block.file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.text, encoding="utf-8")
            elif kind == "console":
                found = list(commands(block))
                for command, after in zip(found, [*found[1:], None], strict=True):
                    asked = after is not None and after.text == "echo $?"
                    self.do(command, block.place, may_fail=asked)
                done += [command.text for command in found]
        return done

    def do(self, command: Command, place: str, *, may_fail: bool = False) -> None:
        """Runs a command; what it prints must be what the page shows, where it shows any.

        It must succeed, unless the page asks for its exit code next.
        """
        if looked_up.is_looked_up(command.text):
            faults = looked_up.faults(command.text)
            assert not faults, f"{place}: {command.text}: {faults}"
            return
        printed = self.run(command.text, may_fail=may_fail)
        wanted, got = _plain(command.shown), _plain(printed)
        same = _LIKE.check_output(wanted, got, doctest.ELLIPSIS)
        assert not command.shown or same, f"{place}: {command.text} printed\n{got}"
        if made := _WRITTEN.search(printed):
            self.folder = self.home / made[1]
            self.run(f"cd {made[1]}")
            self._install(made[1])

    def run(self, text: str, *, may_fail: bool = False) -> str:
        """What a command prints, or a server before it listens."""
        self._prepare(text)
        for taken, free in self.ports.items():
            text = text.replace(f"localhost:{taken}", f"localhost:{free}")
        if _PLAIN.fullmatch(text) and not (may_fail or self.installed.exists()):
            return self._call(shlex.split(text)[1:])
        for pattern, (port, how) in SERVERS.items():
            if pattern.search(text):
                return self._serve(how, text, port)
        return self._ask(text, may_fail=may_fail)

    def _call(self, words: list[str]) -> str:
        """What a command of `loyalty` prints, in this process: to start one takes far longer."""
        folder, _, exported = self._ask("pwd; env -0").partition("\n")
        env = dict.fromkeys(BARE) | dict(
            one.split("=", 1) for one in exported.split("\0") if "=" in one
        )
        app, command = built()
        with (
            contextlib.chdir(folder),
            patch.object(testing, "_get_command", return_value=command),
        ):
            done = testing.CliRunner().invoke(app, words, env=env)
        assert done.exit_code == 0, f"{words}: exit code {done.exit_code}\n{done.output}"
        return done.stdout

    def _ask(self, text: str, *, may_fail: bool = False) -> str:
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        self.shell.stdin.write(f"{{ {text}\n}} < /dev/null; {_TOLD}\n")
        self.shell.stdin.flush()
        printed = ""
        for line in self.shell.stdout:
            if line.startswith("\x1e"):
                code = int(line[1:])
                said = self.errors.read_text(encoding="utf-8", errors="replace")
                assert code == 0 or may_fail, f"{text}: exit code {code}\n{printed}\n{said}"
                return printed.removesuffix("\n")
            printed += line
        raise AssertionError(f"{text} ended the shell: {self.errors.read_text()}")

    def _serve(self, how: str, text: str, port: int) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.ports[port] = free.getsockname()[1]
        command = how.format(text, self.ports[port])
        pid = int(self._ask(f"{command} > served 2>&1 & echo $!"))
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ports[port]), timeout=1).close()
            except OSError:
                self._ask(f"kill -0 {pid} || {{ cat served; false; }}")
                assert time.monotonic() < end, text
                time.sleep(0.05)
            else:
                break
        if "--json" in text:  # it listens before it says so
            self._ask("until test -s served; do sleep 0.05; done")
        return ""

    def _prepare(self, text: str) -> None:
        """Copies what is gone to, and sees to it that programs are those of this Python."""
        for name in re.findall(r"\bcd ([\w./-]+)", text):
            if (ROOT / name).is_dir() and not (self.home / name).exists():
                copied(ROOT / name, self.home / name)
        scripts = entry_points(group="console_scripts")
        for name in set(re.findall(r"[\w-]+", text)) & scripts.names:
            if not (Path(sys.executable).parent / name).exists():
                module, _, called = scripts[name].value.partition(":")
                program = self.programs / name
                program.write_text(
                    f"#!{sys.executable}\nimport sys\n"
                    f"from {module} import {called}\nsys.exit({called}())\n"
                )
                program.chmod(0o755)

    def _install(self, name: str) -> None:
        """Puts what an installation of the new plugin would leave."""
        module, plugin = name.replace("-", "_"), name.removeprefix("loyalty-")
        info = self.installed / f"{module}-0.1.0.dist-info"
        info.mkdir(parents=True)
        meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n"
        (info / "METADATA").write_text(meta)
        plugin = plugin.replace("-", "_")
        points = f"[loyalty.plugins]\n{plugin} = {module}:plugin\n"
        (info / "entry_points.txt").write_text(points)
        (self.installed / module).symlink_to(self.folder / "src" / module)

    def close(self) -> None:
        """Ends the shell and all that it started."""
        os.killpg(self.shell.pid, signal.SIGTERM)
        self.shell.wait()
        for pipe in (self.shell.stdin, self.shell.stdout):
            if pipe is not None:
                pipe.close()


def copied(source: Path, target: Path) -> None:
    """The files of a folder of this tree, those that are or would be committed."""
    files = [path for path in project_files() if path.is_relative_to(source)]
    assert files, f"there is no {source}"
    for path in files:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _plain(text: str) -> str:
    """Without spaces at the ends of lines, which pages have none of."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
