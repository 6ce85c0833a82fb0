"""Imports point one way: the contracts in pyproject.toml hold."""

import logging
import tomllib

import pytest
from importlinter.cli import lint_imports

from tests.architecture.tree import ROOT, packages


def test_the_import_contracts_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    loggers = [one for one in logging.root.manager.loggerDict.values() if vars(one).get("name")]
    failed = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    for logger in loggers:  # it sets logging up for itself, and silences all that is there
        vars(logger)["disabled"] = False
    assert not failed, capsys.readouterr().out


def test_every_package_is_under_contract() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in config["contracts"]}
    found = {package.name for package in packages()}
    plugins = found - {"loyalty_core", "loyalty_gateway"}

    assert set(config["root_packages"]) == found
    assert set(contracts["No import cycles"]["ancestors"]) == found
    assert set(contracts["Plugins never import each other"]["modules"]) == plugins
    assert set(contracts["The gateway knows no plugin by name"]["forbidden_modules"]) == plugins
    core = contracts["The core knows neither the gateway nor any plugin"]
    assert found - {"loyalty_core"} <= set(core["forbidden_modules"])
    meeting = contracts["A plugin meets the gateway in its graphql module only"]
    assert set(meeting["source_modules"]) == plugins
