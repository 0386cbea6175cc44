"""The environment of a result: processor, threads, BLAS, versions, the project's commit."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

import crosslift
from crosslift.artifacts import device, versions
from crosslift.artifacts.environment import as_recorded, differing_facts, environment
from crosslift.artifacts.processor import processor_facts

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# The processor

GENOA = """processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 9R14
flags\t\t: fpu sse2 avx fma avx2 avx512f avx512dq avx512_bf16 avx512_vnni

processor\t: 1
model name\t: AMD EPYC 9R14
flags\t\t: fpu sse2 avx fma avx2 avx512f avx512dq avx512_bf16 avx512_vnni
"""
SAPPHIRE = (
    "model name\t: Intel(R) Xeon(R) 8488C\nflags\t: fma avx2 avx512f avx512_bf16 amx_bf16 amx_tile"
)
OLD = "model name\t: Intel(R) Core(TM)2 Duo\nflags\t: fpu sse2 ssse3"
GRAVITON = """processor\t: 0
Features\t: fp asimd asimdhp sve bf16 i8mm
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: 0xd40
CPU revision\t: 1
"""
MIXED_CORES = "model name : A\nflags : fma avx2 avx512f\n\nmodel name : B\nflags : fma avx2"


@pytest.mark.parametrize(
    ("cpuinfo", "model", "instructions"),
    [
        (GENOA, "AMD EPYC 9R14", "FMA, AVX2, AVX-512, AVX-512 bfloat16"),
        (
            SAPPHIRE,
            "Intel(R) Xeon(R) 8488C",
            "FMA, AVX2, AVX-512, AVX-512 bfloat16, AMX, AMX bfloat16",
        ),
        (OLD, "Intel(R) Core(TM)2 Duo", "none"),
        (
            GRAVITON,
            "CPU implementer 0x41, CPU variant 0x1, CPU part 0xd40, CPU revision 1",
            "Advanced SIMD, Advanced SIMD float16, SVE, bfloat16",
        ),
        (MIXED_CORES, "A and B", "FMA, AVX2"),
    ],
)
def test_a_processor_is_known_by_model_and_instructions(
    cpuinfo: str, model: str, instructions: str
) -> None:
    assert processor_facts(cpuinfo) == {"processor": model, "instructions": instructions}


def test_a_system_without_cpuinfo_has_unknown_instructions() -> None:
    facts = processor_facts("")
    assert facts["instructions"] == "unknown"
    assert facts["processor"]


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="Linux only")
def test_this_processor_agrees_with_torch() -> None:
    has = environment()["instructions"].split(", ")
    assert ("AVX2" in has) == torch.cpu._is_avx2_supported()
    assert ("AVX-512" in has) == torch.cpu._is_avx512_supported()


# Threads and BLAS


def test_threads_are_those_of_now() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = environment()
        torch.set_num_threads(2)
        two = environment()
    finally:
        torch.set_num_threads(before)
    assert (one["threads"], two["threads"]) == ("1", "2")
    assert "threads" in differing_facts([one, two])
    assert set(differing_facts([one, two])) <= {"threads", "BLAS of torch"}


def test_the_blas_of_numpy_is_named_with_kernels_and_threads() -> None:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        blas = environment()["BLAS of numpy and scipy"]
    assert blas
    if "openblas" in blas:
        assert re.search(r"openblas [\d.]+, \w+, 1 threads", blas)


def test_the_blas_that_another_package_brought_is_left_out() -> None:
    before = environment()["BLAS of numpy and scipy"]
    pytest.importorskip("faiss")
    assert environment()["BLAS of numpy and scipy"] == before


ON_X86 = """PyTorch built with:
  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64
  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71)
  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release, LAPACK_INFO=mkl
"""
ON_ARM = "PyTorch built with:\n  - Build settings: BLAS_INFO=open, BUILD_TYPE=Release"


def test_the_blas_of_torch_is_read_from_its_build() -> None:
    blas = device.blas_in(ON_X86, "at::get_num_threads() : 2\n\tmkl_get_max_threads() : 2\n")
    assert blas == "mkl 2024.2, oneDNN 3.12.0, 2 threads"
    assert device.blas_in(ON_ARM, "at::get_num_threads() : 2") == "open"
    assert device.blas_in("", "") == "unknown"
    assert "unknown" not in environment()["BLAS of torch"]


def test_settings_that_choose_kernels_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in device._SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    plain = environment()
    assert plain["settings of threads and kernels"] == "none"
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    chosen = environment()
    expected = "MKL_CBWR=COMPATIBLE ATEN_CPU_CAPABILITY=avx2"
    assert chosen["settings of threads and kernels"] == expected
    assert differing_facts([plain, chosen]) == ["settings of threads and kernels"]


def test_the_recorded_precision_is_the_one_that_auto_takes() -> None:
    from crosslift.encoders.precision import resolve_precision

    native = environment()["bfloat16 products"] == "native"
    assert resolve_precision("auto") == ("bfloat16" if native else "float32")


# Versions


def required(*extras: str) -> set[str]:
    """Names in pyproject.toml, read without the library that the product reads them with."""
    texts = [*PROJECT["dependencies"]]
    for extra in extras:
        texts += PROJECT["optional-dependencies"][extra]
    return {re.split(r"[<>=\[; ]", text)[0].lower() for text in texts}


OF_USERS = [extra for extra in PROJECT["optional-dependencies"] if extra != "dev"]


def test_every_declared_package_is_recorded_with_its_version() -> None:
    facts = environment()
    of_users = required(*OF_USERS)
    assert {"numpy", "pillow", "babel", "peft", "safetensors", "timm", "faiss-cpu"} <= of_users
    for package in of_users:
        try:
            expected = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            expected = "not installed"
        assert facts[package] == expected, package
    of_developers = required("dev") - of_users - {"crosslift"}
    assert {"pytest", "ruff", "mypy"} <= of_developers
    assert not of_developers & facts.keys()


def test_the_metadata_of_an_installed_package_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Installed without its source beside it, the list is that of the metadata."""
    installed = tmp_path / "site-packages" / "crosslift-0.1.0.dist-info"
    installed.mkdir(parents=True)
    extras = PROJECT["optional-dependencies"]
    lines = ["Metadata-Version: 2.4", "Name: crosslift", "Version: 0.1.0"]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {text}" for text in PROJECT["dependencies"]]
    lines += [
        f"Requires-Dist: {text}; extra == '{extra}'" for extra in extras for text in extras[extra]
    ]
    lines.append("Requires-Dist: for-another-system; sys_platform == 'none'")
    (installed / "METADATA").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.syspath_prepend(str(installed.parent))
    importlib.invalidate_caches()
    folder = installed.parent / "crosslift"
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mine'\n", encoding="utf-8")
    assert set(versions.declared_packages(folder)) == required(*OF_USERS)


def test_every_package_that_the_code_imports_is_recorded() -> None:
    # of transformers, jinja2, pydantic and mteb, in this order; they change no number
    of_requirements = {"huggingface-hub", "markupsafe", "pydantic-core", "tqdm"}
    distributions = importlib.metadata.packages_distributions()
    imported: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    third_party = imported - set(sys.stdlib_module_names) - {"crosslift"}
    imported_packages = {
        re.sub("[_.]", "-", d).lower() for m in third_party for d in distributions.get(m, ())
    }
    assert "torch" in imported_packages
    assert of_requirements <= imported_packages, "this list is stale"
    assert imported_packages - of_requirements <= set(versions.package_versions())


def test_the_lists_of_exceptions_are_not_stale() -> None:
    declared = set(versions.declared_packages(ROOT / "src" / "crosslift"))
    assert declared >= versions.NOT_IN_NUMBERS
    assert not declared & set(versions.UNDECLARED)


def test_the_version_of_apertium_comes_from_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert versions.program_versions() == {"apertium": "not installed"}
    program = tmp_path / "apertium"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint('Apertium', '3.8.3', sys.argv[1])\n")
    program.chmod(0o755)
    assert versions.program_versions() == {"apertium": "3.8.3"}
    program.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    assert versions.program_versions() == {"apertium": "unknown"}


# The project's commit


def git(folder: Path, *arguments: str) -> str:
    who = {
        f"GIT_{role}_{what}": "a@b"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    command = ["git", "-C", str(folder), "-c", "commit.gpgsign=false", *arguments]
    environment = (
        os.environ | who | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    )
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The folder of a package in a repository with one commit."""
    folder = tmp_path / "project" / "src" / "crosslift"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "loss.py").write_text("rate = 1")
    (tmp_path / "project" / "README.md").write_text("Read me")
    git(folder.parents[1], "init", "--quiet")
    git(folder.parents[1], "add", ".")
    git(folder, "commit", "--quiet", "--message", "First")
    return folder


def commit_of(folder: Path) -> str:
    return versions.project_facts(folder)["commit"]


def test_a_checkout_has_its_commit(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert re.fullmatch(r"[0-9a-f]{40}", head)
    assert versions.project_facts(checkout) == {"crosslift": crosslift.__version__, "commit": head}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    git(elsewhere, "init", "--quiet")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("GIT_DIR", str(elsewhere / ".git"))
    assert commit_of(checkout) == head


def test_a_checkout_is_changed_where_the_package_is(checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    (checkout.parents[1] / "README.md").write_text("Read me again")
    assert commit_of(checkout) == head
    (checkout / "loss.py").write_text("rate = 2")
    assert commit_of(checkout) == f"{head}, changed since"
    git(checkout, "checkout", "--quiet", ".")
    assert commit_of(checkout) == head
    (checkout / "new.py").write_text("more = True")
    assert commit_of(checkout) == f"{head}, changed since"


def test_a_package_that_a_repository_does_not_track_has_no_commit(checkout: Path) -> None:
    """A virtual environment may lie inside the repository of another project."""
    installed = checkout.parents[1] / ".venv" / "crosslift"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert commit_of(installed) == "none"


def test_no_git_no_repository_and_no_commit_are_no_errors(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    assert commit_of(tmp_path / "plain") == "none"
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "__init__.py").write_text("")
    git(empty, "init", "--quiet")
    git(empty, "add", "__init__.py")
    assert commit_of(empty) == "none"
    monkeypatch.setenv("PATH", "")
    assert commit_of(checkout) == "none"


def test_what_pip_installed_from_a_repository_has_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = {
        "url": "https://example.org/x.git",
        "vcs_info": {"vcs": "git", "commit_id": "ab" * 20},
    }
    installed = tmp_path / "crosslift-0.1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.4\nName: crosslift\nVersion: 0.1.0\n")
    (installed / "direct_url.json").write_text(json.dumps(source))
    (tmp_path / "crosslift").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    assert commit_of(tmp_path / "crosslift") == "ab" * 20
    (tmp_path / "another" / "crosslift").mkdir(parents=True)
    assert commit_of(tmp_path / "another" / "crosslift") == "none"


# Comparing environments


def test_facts_that_change_no_number_are_no_difference() -> None:
    one = {"python": "3.11.7", "system": "Linux 6.1", "rich": "14", "commit": "a", "numpy": "2.3.0"}
    two = {"python": "3.11.7", "system": "Linux 6.8", "rich": "15", "commit": "b", "numpy": "2.4.6"}
    assert differing_facts([one, two]) == ["numpy"]
    assert differing_facts([one, one]) == differing_facts([one]) == differing_facts([]) == []


def test_what_is_not_recorded_or_not_installed_is_no_difference() -> None:
    old = {"threads": "2", "numpy": "2.3.0"}
    new = {"threads": "2", "numpy": "2.3.0", "instructions": "AVX2", "timm": "not installed"}
    later = new | {"timm": "1.0.16"}
    assert differing_facts([old, new, later]) == []
    assert differing_facts([old, later, new | {"timm": "1.0.20"}]) == ["timm"]


def test_an_earlier_manifest_without_accelerator_had_none() -> None:
    old: dict[str, Any] = {"torch": "2.9.0", "threads": "2"}
    on_gpu = old | {"accelerator": "NVIDIA H100"}
    assert as_recorded(old) == old | {"accelerator": "none"}
    assert as_recorded(on_gpu) == on_gpu
    assert as_recorded({"torch": "2"}) == {"torch": "2"}
    assert differing_facts([as_recorded(old), as_recorded(on_gpu)]) == ["accelerator"]


def test_the_facts_are_found_without_torch() -> None:
    code = (
        "import sys\nfrom crosslift.artifacts import environment\nenvironment._fixed()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
