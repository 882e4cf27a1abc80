"""The checkout's `.venv`: whether it is complete, and everything that makes it so."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from bootstrap import machine, torch_source
from bootstrap.lock import only_one
from bootstrap.machine import Choice
from bootstrap.problems import SetupError
from bootstrap.project import Kind, Project
from bootstrap.steps import Steps, say

STATE_FILE = "astra-studio.json"
LOCK_FILE = "astra-studio.lock"
LOG_FILE = "astra-studio.log"
OLDEST_PYTHON = (3, 11)
TorchBuild = Literal["cpu", "cuda"]


@dataclass(kw_only=True)
class State:
    """What set-up remembers inside `.venv`. A kind is done when its fingerprint stands here, which is written last."""

    root: str
    interpreter: str
    python: str
    build: str
    busy: bool = True
    """True while a set-up works, and so after one that was cut off."""
    done: dict[str, str] = field(default_factory=dict)
    qt: list[str] = field(default_factory=list)
    """Ways in which Qt has been seen to start: "offscreen", "window"."""


@dataclass(frozen=True)
class Found:
    """What the Python inside `.venv` says of itself."""

    python: str
    packages: Path


class Environment:
    """The `.venv` of one checkout."""

    def __init__(self, project: Project) -> None:
        """Nothing is touched before `set_up`."""
        self.project = project
        self.folder = project.root / ".venv"
        scripts = self.folder / ("Scripts" if os.name == "nt" else "bin")
        suffix = ".exe" if os.name == "nt" else ""
        self.python = scripts / f"python{suffix}"
        self.command = scripts / f"astra-studio{suffix}"

    def ready(self, kinds: Iterable[Kind]) -> bool:
        """Tell, reading a few small files only, whether there is nothing to set up for these kinds."""
        state = self.load()
        return state is not None and not state.busy and self.why_unfit(state) is None and not self.missing(state, kinds)

    def set_up(self, kinds: Sequence[Kind], build: TorchBuild | None = None) -> None:
        """Make it ready for these kinds, with the build of torch that was wished for or, at first, fits the machine."""
        machine.check_platform()
        machine.check_venv_module()
        self.folder.mkdir(exist_ok=True)
        with only_one(self.folder / LOCK_FILE) as lock:
            state = self.load()
            choice = _choose(state, build)
            if state is None or state.build != choice.build or not self.ready(kinds):
                _Work(self, Steps(self.folder / LOG_FILE, [lock]), choice).run(state, kinds)

    def load(self) -> State | None:
        """Read what an earlier set-up left, if it can be read."""
        try:
            return State(**json.loads((self.folder / STATE_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def save(self, state: State) -> None:
        """Write the state in one piece, so that a cut leaves the old one."""
        part = self.folder / f"{STATE_FILE}.part"
        part.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
        part.replace(self.folder / STATE_FILE)

    def interpreter(self) -> str:
        """Return the Python that `.venv` stands on. On Windows a copy stands between, and pyvenv.cfg names it."""
        if os.name != "nt":
            return os.path.realpath(self.python)
        try:
            lines = (self.folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
        except OSError:
            return ""
        named = dict(line.partition(" = ")[::2] for line in lines)
        return os.path.realpath(named.get("executable", ""))

    def probe(self) -> Found | None:
        """Ask the Python inside who it is; None where it does not run or has no pip."""
        script = (
            "import pip, platform, sysconfig; print(platform.python_version()); print(sysconfig.get_path('purelib'))"
        )
        command = [str(self.python), "-I", "-c", script]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        lines = done.stdout.splitlines()
        return Found(lines[0], Path(lines[1])) if done.returncode == 0 and len(lines) == 2 else None

    def missing(self, state: State, kinds: Iterable[Kind]) -> list[Kind]:
        """Return the kinds that are not installed as the checkout now asks for."""
        return [
            kind for kind in kinds if state.done.get(kind) != self.fingerprint(kind, state) or not self.command.exists()
        ]

    def fingerprint(self, kind: Kind, state: State) -> str:
        """Return what the state must hold for a kind to be done."""
        return self.project.fingerprint(kind, state.python, state.build)

    def why_unfit(self, state: State) -> str | None:
        """Say why the whole folder has to be made again, as far as a look at it tells."""
        if state.root != str(self.project.root):
            return "it was made for another folder"
        if state.interpreter != self.interpreter() or not Path(state.interpreter).exists():
            return "the Python that it stands on has gone or changed"
        return None


def _choose(state: State | None, build: TorchBuild | None) -> Choice:
    """Look for a GPU only the first time or when told to, so that what was installed stays."""
    if state is not None and build is None:
        return Choice(state.build)
    return machine.choose_build(machine.find_gpus(), platform.system(), build)


class _Work:
    """One set-up in progress, under the lock."""

    def __init__(self, environment: Environment, steps: Steps, choice: Choice) -> None:
        self.environment = environment
        self.project = environment.project
        self.steps = steps
        self.choice = choice
        self.pip = [str(environment.python), "-I", "-m", "pip"]
        self.pip_install = [*self.pip, "install", "--progress-bar", "off", "-c", str(self.project.constraints_file)]

    def run(self, old: State | None, kinds: Sequence[Kind]) -> None:
        """Do what is missing, in an order and with a record that let any interruption be taken up again."""
        found = self.environment.probe()
        reason = self._why_again(old, found)
        if found is None or reason is not None:
            state, packages, missing = self._make(reason, kinds)
        else:
            state, packages = old or self._adopted(found), found.packages
            missing = self.environment.missing(state, kinds)
            self._keep(state, packages, missing)
        self._install(state, packages, missing)
        state.busy = False
        self.environment.save(state)
        if self.choice.advice:
            say(self.choice.advice)

    def _why_again(self, old: State | None, found: Found | None) -> str | None:
        """Say why an existing `.venv` cannot be kept, or None where it can or where there is none."""
        if found is None:
            if old is not None and old.busy:
                return "its making was interrupted"
            return "it does not work" if (self.environment.folder / "pyvenv.cfg").exists() else None
        if _release(found.python) < OLDEST_PYTHON:
            return f"it has Python {found.python}"
        if old is None:
            return None
        if old.build != self.choice.build:
            return f"it has torch's {old.build} build, not {self.choice.build}"
        if old.busy and any(found.packages.glob("~*")):
            return "the replacing of a library was interrupted"
        return self.environment.why_unfit(old)

    def _make(self, reason: str | None, kinds: Sequence[Kind]) -> tuple[State, Path, list[Kind]]:
        """Make an empty `.venv`. The state comes first, so that a cut is known as ours."""
        if reason:
            say(f"making .venv again: {reason}")
        machine.check_disk(self.project.root, machine.disk_needed_gb(self.choice.build))
        self._clear()
        python = platform.python_version()
        state = State(root=str(self.project.root), interpreter="", python=python, build=self.choice.build)
        self.environment.save(state)
        missing = list(kinds)
        self.steps.total = 1 + _count(missing, torch_missing=True)
        self.steps.run(
            f"making .venv with Python {python}", [sys.executable, "-m", "venv", str(self.environment.folder)]
        )
        state.interpreter = self.environment.interpreter()
        self.environment.save(state)
        found = self.environment.probe()
        if found is None:
            raise SetupError(f"The new {self.environment.folder} does not work. Is {sys.executable} a whole Python?")
        return state, found.packages, missing

    def _adopted(self, found: Found) -> State:
        """Take over a working `.venv` that was made by hand, with the torch that it may have."""
        installed = next(found.packages.glob(f"torch-{self.project.torch_version}*.dist-info"), None)
        if installed is None:
            build = self.choice.build
        else:
            build = torch_source.build_of(installed.name.removesuffix(".dist-info"), platform.system())
        interpreter = self.environment.interpreter()
        return State(root=str(self.project.root), interpreter=interpreter, python=found.python, build=build)

    def _keep(self, state: State, packages: Path, missing: Sequence[Kind]) -> None:
        """Ready a `.venv` that is kept for more to be installed."""
        if state.busy:
            forget_half_installed(packages)
        torch_missing = not self._has_torch(packages)
        needed_gb = machine.disk_needed_gb(state.build) if torch_missing else machine.MORE_DISK_GB
        machine.check_disk(self.project.root, needed_gb)
        for kind in missing:
            state.done.pop(kind, None)
        state.busy = True
        self.environment.save(state)
        self.steps.total = _count(missing, torch_missing=torch_missing)

    def _clear(self) -> None:
        """Empty the folder, all but the lock that is being held in it."""
        for path in self.environment.folder.iterdir():
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name != LOCK_FILE:
                    path.unlink()
            except OSError as error:
                raise SetupError(
                    f"The old {path} cannot be removed ({error.strerror}). Close every Astra Studio that runs from\n"
                    "this checkout, or remove .venv yourself, and start the same command again."
                ) from error

    def _has_torch(self, packages: Path) -> bool:
        version = self.project.torch_version
        return any(any(packages.glob(f"torch-{version}{build}.dist-info")) for build in ("", "+*"))

    def _install(self, state: State, packages: Path, missing: Sequence[Kind]) -> None:
        if "run" in missing:
            if not self._has_torch(packages):
                self._install_torch(state)
            libraries = self.project.requirements("run")
            self.steps.run("installing the libraries (diffusers, Qt, video, ...)", [*self.pip_install, *libraries])
            here = ["--no-deps", "--no-build-isolation", "--editable", str(self.project.root)]
            self.steps.run("installing Astra Studio itself", [*self.pip_install, *here])
            self._finish("run", state)
        if "dev" in missing:
            self.steps.run(
                "installing the checks (pytest, mypy, ruff, ...)",
                [*self.pip_install, *self.project.requirements("dev")],
            )
            self._finish("dev", state)
        if "package" in missing:
            self.steps.run("installing PyInstaller", [*self.pip_install, *self.project.requirements("package")])
            self._finish("package", state)

    def _install_torch(self, state: State) -> None:
        """Install torch first and alone, because anything else that asks for it would bring the build of PyPI."""
        system = platform.system()
        version = self.project.torch_version
        source = torch_source.find(self.steps, self.pip, version, self.choice.build, system)
        if source.build != self.choice.build:
            machine.check_disk(self.project.root, machine.disk_needed_gb(source.build))
        if source.note:
            say(source.note)
        name = machine.build_name(source.build, system)
        why = f"; {self.choice.why}" if self.choice.why and source.build == self.choice.build else ""
        self.steps.run(f"installing torch {version} ({name}{why})", [*self.pip_install, "--no-deps", *source.arguments])
        state.build = source.build
        self.environment.save(state)

    def _finish(self, kind: Kind, state: State) -> None:
        state.done[kind] = self.environment.fingerprint(kind, state)
        self.environment.save(state)


def forget_half_installed(packages: Path) -> None:
    """Let pip see what it was copying when it was killed as not installed: it writes INSTALLER after all the files."""
    for information in packages.glob("*.dist-info"):
        if not (information / "INSTALLER").exists():
            shutil.rmtree(information)


def _count(missing: Sequence[Kind], *, torch_missing: bool) -> int:
    return (2 + torch_missing if "run" in missing else 0) + ("dev" in missing) + ("package" in missing)


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
