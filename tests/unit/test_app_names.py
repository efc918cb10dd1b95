"""How apps are named on the command line of osken-manager."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import ConfigError
from controller.launcher.app_runner import module_name

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "name", ["apps.me_app", "apps/me_app.py", "apps/me_app", str(ROOT / "apps" / "me_app.py")]
)
@pytest.mark.parametrize("directory", [ROOT, ROOT / "apps", Path("/")])
def test_our_app_is_the_same_module_however_it_is_named(
    name: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    assert module_name(name) == "apps.me_app"


def test_a_file_of_no_package_is_loaded_as_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("")
    monkeypatch.chdir(tmp_path)
    assert module_name("json.py") == "json.py"
    assert module_name(str(tmp_path / "json.py")) == str(tmp_path / "json.py")


def test_a_file_of_a_package_that_is_not_installed_is_loaded_as_the_file(tmp_path: Path) -> None:
    package = tmp_path / "somewhere"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "app.py").write_text("")
    assert module_name(str(package / "app.py")) == str(package / "app.py")


@pytest.mark.parametrize("name", ["nosuch.py", "no/such.py", "no.such", "..", "/"])
def test_what_is_neither_file_nor_module_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="neither such a file nor such a module"):
        module_name(name)
