"""The bootstrap behind the README's two commands, as far as it can be tested without installing anything."""

from __future__ import annotations

import ast
import dataclasses
import io
import re
import sys
from pathlib import Path

import pytest

import check
import go
from bootstrap import environment, lock, machine, problems, steps, subcommands, system_libraries, torch_source
from bootstrap.problems import SetupError
from bootstrap.project import Project

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = {
    "build-system": {"requires": ["setuptools>=77"]},
    "project": {
        "dependencies": ["torch>=2.13", "numpy>=2"],
        "optional-dependencies": {"dev": ["pytest>=9"]},
        "scripts": {"astra-studio": "astra_studio.cli:main"},
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, PYPROJECT, "torch==2.13.0\nnumpy==2.4.6\n")


# --- the version of Python


def test_an_old_python_is_told_what_is_needed_what_came_and_where_to_get_it() -> None:
    said = go.version_problem((3, 8, 18), "/usr/bin/python3.8")
    assert said is not None
    assert "needs Python 3.11 or newer" in said
    assert "this is Python 3.8.18 (/usr/bin/python3.8)" in said
    assert "https://www.python.org/downloads/" in said


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2), (4, 0, 0)])
def test_a_new_python_is_let_through(version: tuple[int, ...]) -> None:
    assert go.version_problem(version, "python") is None


def test_an_old_python_stops_go_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(go.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(subcommands, "main", lambda arguments: pytest.fail("the bootstrap was started"))
    assert go.main(["render"]) == 1
    assert "this is Python 3.9.1" in capsys.readouterr().err


def test_python_3_6_can_read_go() -> None:
    ast.parse((ROOT / "packaging" / "go.py").read_text(encoding="utf-8"), feature_version=(3, 6))


# --- what was asked for


@pytest.mark.parametrize(
    ("arguments", "word", "rest"),
    [
        ([], "start", ()),
        (["render", "--image", "a.png", "--", "-x"], "start", ("render", "--image", "a.png", "--", "-x")),
        (["--help"], "start", ("--help",)),
        (["render", "test"], "start", ("render", "test")),
        (["test"], "test", ()),
        (["test", "-k", "setup"], "test", ("-k", "setup")),
        (["setup", "--cuda"], "setup", ("--cuda",)),
        (["package", "--out", "dist"], "package", ("--out", "dist")),
    ],
)
def test_only_gos_own_words_are_taken_off(arguments: list[str], word: str, rest: tuple[str, ...]) -> None:
    assert subcommands.read_order(arguments) == subcommands.Order(word, rest)


def test_tests_draw_into_memory_only_without_a_display() -> None:
    assert subcommands.test_environment({}, display=False) == {"QT_QPA_PLATFORM": "offscreen"}
    assert subcommands.test_environment({}, display=True) == {}
    assert subcommands.test_environment({"QT_QPA_PLATFORM": "vnc"}, display=False) == {"QT_QPA_PLATFORM": "vnc"}


def test_arguments_choose_the_checks() -> None:
    first, beside, tests = check.chosen([], num_cores=2)
    assert (first, tests.name) == ((), "pytest")
    assert [c.name for c in beside] == ["ruff format", "ruff check", "mypy", "import contracts"]
    assert check.chosen(["--fix"], num_cores=2) == (check.FIXES, beside, tests)
    assert check.chosen(["-k", "foo"], num_cores=2) == ((), (), check.Check("pytest", ("-m", "pytest", "-k", "foo")))


@pytest.mark.parametrize(("num_cores", "workers"), [(1, None), (2, "2"), (64, "8")])
def test_all_tests_are_shared_between_the_cores(num_cores: int, workers: str | None) -> None:
    arguments = check.chosen([], num_cores)[2].arguments
    assert (arguments[arguments.index("-n") + 1] if "-n" in arguments else None) == workers


def test_what_runs_beside_the_tests_says_what_it_has_to_say_in_one_piece(capsys: pytest.CaptureFixture[str]) -> None:
    told = check.run_beside(check.Check("told", ("-c", "import sys; print('out'); sys.exit('wrong')")))
    assert (told.name, told.passed) == ("told", False)
    assert sorted(capsys.readouterr().out.split("\n")) == sorted(["", "== told", "out", "wrong", ""])
    assert check.run_beside(check.Check("well", ("-c", ""))).passed


def test_the_table_of_checks_names_what_failed() -> None:
    rows = check.table([check.Outcome("mypy", True, 9.04), check.Outcome("pytest", False, 120.5)]).split("\n")
    assert re.search(r"mypy +passed +9\.0 s", rows[1])
    assert re.search(r"pytest +FAILED +120\.5 s", rows[2])


# --- the GPU and torch's build

ADA = machine.Gpu("NVIDIA GeForce RTX 4090", 580, (8, 9))
PASCAL = machine.Gpu("NVIDIA GeForce GTX 1080", 580, (6, 1))


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        ("NVIDIA GeForce RTX 4090, 580.95.05, 8.9\n", [ADA]),
        ("NVIDIA H100 80GB HBM3, 575.57.08, 9.0", [machine.Gpu("NVIDIA H100 80GB HBM3", 575, (9, 0))]),
        ("NVIDIA GeForce GTX 1080, 580.95.05, 6.1\nNVIDIA GeForce RTX 4090, 580.95.05, 8.9\n", [PASCAL, ADA]),
        ("Odd, with a comma, 580.95.05, 12.0", [machine.Gpu("Odd, with a comma", 580, (12, 0))]),
        ("No devices were found\n", []),
        ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", []),
        ('Field "compute_cap" is not a valid field to query.\n', []),
        ("NVIDIA A100, 580.1, [N/A]\n", []),
        ("", []),
    ],
)
def test_cards_are_read_from_nvidia_smi(listing: str, expected: list[machine.Gpu]) -> None:
    assert machine.parse_gpus(listing) == expected


@pytest.mark.parametrize(
    ("gpus", "system", "build_wanted", "build", "advised"),
    [
        ([], "Linux", None, "cpu", False),
        ([ADA], "Linux", None, "cu130", False),
        ([ADA], "Windows", None, "cu130", False),
        ([ADA], "Linux", "cpu", "cpu", False),
        ([], "Linux", "cuda", "cu130", False),
        ([PASCAL], "Linux", None, "cu126", False),
        ([PASCAL, ADA], "Linux", None, "cu130", False),
        ([dataclasses.replace(ADA, driver=550)], "Linux", None, "cu126", False),
        ([dataclasses.replace(ADA, driver=470)], "Linux", None, "cu126", True),
        ([machine.Gpu("RTX 5090", 570, (12, 0))], "Linux", None, "cu130", True),
        ([], "Darwin", None, "cpu", False),
    ],
)
def test_the_best_card_and_its_driver_choose_torchs_build(
    gpus: list[machine.Gpu], system: str, build_wanted: environment.TorchBuild | None, build: str, advised: bool
) -> None:
    choice = machine.choose_build(gpus, system, build_wanted)
    assert (choice.build, bool(choice.advice)) == (build, advised)


def test_cuda_on_macos_is_refused() -> None:
    with pytest.raises(SetupError, match="no CUDA on macOS"):
        machine.choose_build([], "Darwin", "cuda")


@pytest.mark.parametrize(
    ("offered", "build", "system", "expected"),
    [
        (["2.13.0+cpu", "2.13.0"], "cpu", "Linux", "2.13.0+cpu"),
        (["2.13.0+cpu", "2.13.0"], "cu130", "Linux", "2.13.0"),
        (["2.13.0"], "cpu", "Linux", None),
        (["2.13.0"], "cpu", "Windows", "2.13.0"),
        (["2.13.0"], "cu130", "Windows", None),
        (["2.13.0"], "cpu", "Darwin", "2.13.0"),
        (["2.13.0"], "cu126", "Linux", None),
        (["2.13.0+rocm7.2", "2.13.0"], "cpu", "Linux", "2.13.0+rocm7.2"),
    ],
)
def test_the_users_own_pip_comes_first_where_it_has_the_build(
    offered: list[str], build: str, system: str, expected: str | None
) -> None:
    assert torch_source.choose_offer(offered, build, system) == expected


def test_builds_of_one_version_are_read_from_pips_listing() -> None:
    listing = "torch (2.15.0)\nAvailable versions: 2.15.0, 2.13.0+cpu, 2.13.0, 2.12.0\n  INSTALLED: 2.13.0+cpu\n"
    assert torch_source.read_versions(listing, "2.13.0") == ["2.13.0+cpu", "2.13.0"]
    assert torch_source.read_versions("ERROR: No matching distribution found for torch", "2.13.0") == []


class FakeSteps(steps.Steps):
    """Answers questions to pip from a table: the index asked, or "" for the user's own."""

    def __init__(self, tmp_path: Path, answers: dict[str, str]) -> None:
        super().__init__(tmp_path / "log")
        self.answers = answers

    def ask(self, command):
        index = command[command.index("--index-url") + 1] if "--index-url" in command else ""
        answer = self.answers.get(index)
        if answer is None:
            return 1, "", "WARNING: Retrying after NewConnectionError\nERROR: No matching distribution found for torch"
        return 0, f"torch (9)\nAvailable versions: {answer}\n", ""


def test_the_cpu_build_comes_from_pytorchs_index_where_pypi_has_another(tmp_path: Path) -> None:
    answers = {"": "2.13.0", f"{torch_source.INDEX}cpu": "2.13.0+cpu"}
    source = torch_source.find(FakeSteps(tmp_path, answers), ["pip"], "2.13.0", "cpu", "Linux")
    assert source == torch_source.Source(("--index-url", f"{torch_source.INDEX}cpu", "torch===2.13.0+cpu"), "cpu")


def test_without_pytorchs_index_pypis_build_is_taken_and_said_so(tmp_path: Path) -> None:
    source = torch_source.find(FakeSteps(tmp_path, {"": "2.13.0"}), ["pip"], "2.13.0", "cpu", "Linux")
    assert (source.arguments, source.build) == (("torch===2.13.0",), "cu130")
    assert "cpu build cannot be reached" in source.note


def test_without_any_index_the_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no network"):
        torch_source.find(FakeSteps(tmp_path, {}), ["pip"], "2.13.0", "cpu", "Linux")


# --- this machine


@pytest.mark.parametrize(
    ("system", "processor", "libc", "largest", "said"),
    [
        ("Linux", "x86_64", ("glibc", "2.36"), 2**63, None),
        ("Linux", "x86_64", ("glibc", "2.31"), 2**63, "glibc 2.31; Qt for x86_64 needs 2.34"),
        ("Linux", "aarch64", ("glibc", "2.36"), 2**63, "needs 2.39"),
        ("Linux", "x86_64", ("", ""), 2**63, "no glibc"),
        ("Darwin", "arm64", ("", ""), 2**63, None),
        ("Darwin", "x86_64", ("", ""), 2**63, "Intel Macs"),
        ("Windows", "AMD64", ("", ""), 2**63, None),
        ("Windows", "AMD64", ("", ""), 2**31 - 1, "32-bit"),
    ],
)
def test_systems_without_any_build_are_told_so(
    system: str, processor: str, libc: tuple[str, str], largest: int, said: str | None
) -> None:
    problem = machine.platform_problem(system, processor, libc, largest)
    assert (problem is None) if said is None else (said in problem)


def test_too_little_disk_names_what_is_there_and_what_is_needed() -> None:
    said = machine.disk_problem(Path("/home/me/astra"), 1_240_000_000, machine.disk_needed_gb("cpu"))
    assert said is not None
    assert "needs about 3 GB in /home/me/astra" in said.replace("\\", "/")
    assert "1.2 GB are free" in said
    assert machine.disk_problem(Path("/"), 9_100_000_000, machine.disk_needed_gb("cu130")) is None


def test_a_python_without_venv_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(SetupError, match="apt install python3-venv"):
        machine.check_venv_module()


def test_the_apt_line_can_be_typed_as_it_stands() -> None:
    line = system_libraries.apt_line(("libgl1", "libegl1"))
    assert line == "sudo apt-get install -y --no-install-recommends libgl1 libegl1"


@pytest.fixture
def machine_without_qt(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A Debian where Qt starts once apt-get has installed something; the list holds what it was asked for."""
    installed: list[tuple[str, ...]] = []

    def install(packages: tuple[str, ...]) -> bool:
        installed.append(packages)
        return True

    monkeypatch.setattr(system_libraries.sys, "platform", "linux")
    monkeypatch.setattr(system_libraries.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(system_libraries, "qt_starts", lambda python, *, on_screen: bool(installed))
    monkeypatch.setattr(system_libraries, "_apt_install", install)
    return installed


def test_root_on_debian_gets_the_libraries_of_qt_installed(machine_without_qt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries.os, "geteuid", lambda: 0, raising=False)
    assert system_libraries.ensure_qt_starts(Path("python"), on_screen=True)
    assert machine_without_qt == [system_libraries.OFFSCREEN + system_libraries.WINDOW]


def test_others_are_told_the_apt_line_and_go_on(
    machine_without_qt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_libraries.os, "geteuid", lambda: 1000, raising=False)
    assert not system_libraries.ensure_qt_starts(Path("python"), on_screen=False)
    assert system_libraries.apt_line(system_libraries.OFFSCREEN) in capsys.readouterr().err
    assert machine_without_qt == []


# --- pip's failures

REFUSED = """\
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.\
Connection object at 0x7f79>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/torch/
ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: none)
ERROR: No matching distribution found for torch==2.13.0
"""


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (REFUSED, "no network"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "no network"),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "no network"),
        ("OSError: Tunnel connection failed: ProxyError('Cannot connect to proxy.', 407)", "proxy"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "certificate"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("OSError: [WinError 112] There is not enough space on the disk", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "arrived damaged"),
        ("ERROR: No matching distribution found for torch===2.13.0", "no build of torch===2.13.0"),
        ("  ERROR: Failed building wheel for av\nFailed to build av", "built from source"),
        ("OSError: [Errno 13] Permission denied: '/opt/astra/.venv'", "belongs to you"),
        (
            "HINT: This error might have occurred since this system does not have Windows Long Path support",
            "shorter folder",
        ),
        ("error: something new", None),
    ],
)
def test_known_failures_of_pip_are_explained(output: str, said: str | None) -> None:
    explained = problems.explain(output)
    assert (explained is None) if said is None else (said in explained)


def test_a_failure_says_what_why_and_pips_last_words() -> None:
    said = problems.failure_message("installing torch", REFUSED, 1, "/x/.venv/log").split("\n")
    assert said[0] == "Set-up stopped while installing torch."
    assert "The end of /x/.venv/log:" in said
    assert said[-1] == "    ERROR: No matching distribution found for torch==2.13.0"
    assert not any("Retrying" in line for line in said)


def test_an_unknown_failure_shows_more_of_the_log_and_a_kill_is_recognised() -> None:
    output = "\n".join(f"line {n}" for n in range(40))
    assert "line 25" in problems.failure_message("installing", output, 1, "log")
    assert "memory ran out" in problems.failure_message("installing", output, -9, "log")


# --- steps


def test_a_step_is_one_line_with_its_time_and_its_output_goes_to_the_log(tmp_path: Path) -> None:
    stream = io.StringIO()
    quiet = steps.Steps(tmp_path / "log", stream=stream)
    quiet.total = 1
    quiet.run("trying", [sys.executable, "-c", "print('chatter')"])
    assert re.fullmatch(r"\[1/1\] trying \.\.\. \d+ s\n", stream.getvalue())
    assert "\nchatter\n" in (tmp_path / "log").read_text()


def test_a_failing_step_raises_with_the_last_lines_of_its_own_output(tmp_path: Path) -> None:
    quiet = steps.Steps(tmp_path / "log", stream=io.StringIO())
    quiet.run("first", [sys.executable, "-c", "print('No space left on device')"])
    with pytest.raises(SetupError, match=r"(?s)while second\..*    odd end"):
        quiet.run("second", [sys.executable, "-c", "print('odd end'); raise SystemExit(3)"])


def test_pip_keeps_the_users_network_settings_but_not_what_leads_it_astray() -> None:
    given = {"PIP_INDEX_URL": "https://mirror", "HTTPS_PROXY": "p", "PYTHONDONTWRITEBYTECODE": "1", "PIP_USER": "1"}
    kept = steps.pip_environment(given)
    assert kept["PIP_INDEX_URL"] == "https://mirror"
    assert kept["HTTPS_PROXY"] == "p"
    assert not {"PYTHONDONTWRITEBYTECODE", "PIP_USER"} & set(kept)


def test_the_lock_is_held_by_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class WaitedError(Exception):
        """Stands for the time that the second would wait."""

    def wait(seconds: float) -> None:
        raise WaitedError

    monkeypatch.setattr(lock.time, "sleep", wait)
    with lock.only_one(tmp_path / "lock"), pytest.raises(WaitedError), lock.only_one(tmp_path / "lock"):
        pytest.fail("two hold the lock")
    with lock.only_one(tmp_path / "lock") as descriptor:
        assert descriptor > 0


# --- what is installed


def test_the_fingerprint_of_a_kind_follows_all_that_decides_it(project: Project) -> None:
    same = project.fingerprint("run", "3.11.7", "cpu")
    assert project.fingerprint("run", "3.11.7", "cpu") == same
    others = [
        project.fingerprint("dev", "3.11.7", "cpu"),
        project.fingerprint("run", "3.12.1", "cpu"),
        project.fingerprint("run", "3.11.7", "cu130"),
        dataclasses.replace(project, constraints="torch==2.14.0\n").fingerprint("run", "3.11.7", "cpu"),
        _with_project(project, dependencies=["torch>=2.13"]).fingerprint("run", "3.11.7", "cpu"),
        _with_project(project, scripts={}).fingerprint("run", "3.11.7", "cpu"),
    ]
    assert len({same, *others}) == 1 + len(others)


def test_the_kinds_do_not_disturb_each_other(project: Project) -> None:
    more_tools = _with_project(project, **{"optional-dependencies": {"dev": ["pytest>=9", "ruff"]}})
    more_libraries = _with_project(project, dependencies=["torch>=2.13"])
    assert more_tools.fingerprint("run", "3", "cpu") == project.fingerprint("run", "3", "cpu")
    assert more_libraries.fingerprint("dev", "3", "cpu") == project.fingerprint("dev", "3", "cpu")


def _with_project(project: Project, **changes: object) -> Project:
    return dataclasses.replace(project, pyproject={**PYPROJECT, "project": {**PYPROJECT["project"], **changes}})


@pytest.fixture
def made(project: Project) -> tuple[environment.Environment, environment.State]:
    """A `.venv` that looks as set-up leaves it, with a link for its Python."""
    env = environment.Environment(project)
    env.python.parent.mkdir(parents=True)
    env.python.symlink_to(sys.executable)
    env.command.touch()
    state = environment.State(
        root=str(project.root), interpreter=env.interpreter(), python="3.11.7", build="cpu", busy=False
    )
    state.done = {kind: env.fingerprint(kind, state) for kind in ("run", "dev")}
    env.save(state)
    return env, state


needs_links = pytest.mark.skipif(sys.platform == "win32", reason="making a link needs a right of its own on Windows")


@needs_links
def test_a_finished_environment_is_ready_for_both_kinds(made) -> None:
    env, state = made
    assert env.load() == state
    assert env.ready(("run",))
    assert env.ready(("run", "dev"))


@needs_links
@pytest.mark.parametrize(
    "change", [{"busy": True}, {"root": "/elsewhere"}, {"interpreter": "/gone/python"}, {"done": {}}]
)
def test_an_environment_that_was_cut_off_moved_or_changed_is_not_ready(made, change: dict[str, object]) -> None:
    env, state = made
    env.save(dataclasses.replace(state, **change))
    assert not env.ready(("run",))


@needs_links
def test_an_environment_whose_python_or_command_vanished_is_not_ready(made) -> None:
    env, _ = made
    env.command.unlink()
    assert not env.ready(("run",))
    env.command.touch()
    env.python.unlink()
    env.python.symlink_to("/gone/python")
    assert not env.ready(("run",))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"root": "/"}', '{"unknown": 1}'])
def test_a_damaged_state_counts_as_none(project: Project, text: str) -> None:
    env = environment.Environment(project)
    env.folder.mkdir()
    (env.folder / environment.STATE_FILE).write_text(text)
    assert env.load() is None
    assert not env.ready(("run",))


def test_what_pip_was_copying_when_it_was_killed_is_forgotten(tmp_path: Path) -> None:
    for name, files in {"whole-1.dist-info": ("METADATA", "INSTALLER"), "half-1.dist-info": ("METADATA",)}.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).touch()
    environment.forget_half_installed(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["whole-1.dist-info"]


def test_all_that_the_project_requires_is_pinned_without_a_label() -> None:
    real = Project.read(ROOT)
    pins = [line for line in real.constraints.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
    pinned = {_canonical(pin.partition("==")[0]) for pin in pins}
    asked = [*real.requirements("run"), *real.requirements("dev"), *real.requirements("package")]
    assert {_canonical(re.split(r"[<>=!~ ;\[]", requirement)[0]) for requirement in asked} <= pinned
    assert real.torch_version == "2.13.0"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
