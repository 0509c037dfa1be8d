"""Compose and Dockerfile name just what the code knows: services, ports, variables, commands."""

import importlib
import importlib.util
import re
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy.local import environment, ports
from deploy.local.secrets import SERVICES
from tests.conventions.tree import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
PROCESSES = (*SERVICES, "gateway")
BACKGROUNDS = tuple(f"{service}-background" for service in SERVICES)
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
# What belongs to the images and not to our processes.
FOREIGN = re.compile(r"POSTGRES_PASSWORD|JAJAYA_DATABASE_PASSWORD|KAFKA_[A-Z_]+|HEALTH_URL")


def settings_of(process: str) -> type[BaseSettings]:
    """What a service or the gateway reads its environment into."""
    package = process if process == "gateway" else f"services.{process}"
    settings: type[BaseSettings] = importlib.import_module(f"{package}.settings").Settings
    return settings


def read_by(process: str, *, required: bool = False) -> set[str]:
    """The variables that a process reads, or only those without which it does not start."""
    settings = settings_of(process)
    prefix = settings.model_config["env_prefix"]
    return {
        str(field.validation_alias or f"{prefix}{name}".upper())
        for name, field in settings.model_fields.items()
        if field.is_required() or not required
    }


def read_by_anybody() -> set[str]:
    return {variable for process in PROCESSES for variable in read_by(process)}


def own_of(service: str) -> set[str]:
    """What the launcher's tables name for this service alone."""
    own = {f"{service.upper()}_{suffix}" for suffix in environment.OWN}
    return own | (set(environment.USER) if service == "user" else set())


def test_every_process_of_the_fleet_is_there() -> None:
    expected = {"postgres", "kafka", "secrets", "topics", "sandbox", "gateway"}
    for service in SERVICES:
        expected |= {service, f"{service}-background", f"{service}-migrate"}
    assert set(CONTAINERS) == expected


def test_what_the_launchers_tables_name_is_read_by_somebody() -> None:
    named = {*environment.SHARED, *environment.GATEWAY, *environment.EMBEDDED}
    for service in SERVICES:
        named |= own_of(service)
    assert named - read_by_anybody() == set()
    assert {*environment.USERS_WIN} <= {*environment.SHARED}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_what_it_reads_and_of_others_only_what_all_share(service: str) -> None:
    for name, word in [(service, "api"), (f"{service}-background", "background")]:
        container = CONTAINERS[name]
        given = set(container["environment"]) - {"HEALTH_URL"}
        assert read_by(service, required=True) - given == set()
        assert given - read_by(service) - set(environment.SHARED) == set()
        assert given == own_of(service) | set(environment.SHARED)
        assert container["command"] == [f"services.{service}", word]
        assert container["environment"][f"{service.upper()}_OWNER_DATABASE_URL"] == ""


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_the_codes_own(service: str) -> None:
    port = settings_of(service).model_fields["port"].default
    given = CONTAINERS[service]["environment"]
    assert given[f"{service.upper()}_PORT"] == str(port) == str(ports.USUAL[service])
    assert given[f"{service.upper()}_URL"] == f"http://{service}:{port}"
    assert given["HEALTH_URL"] == f"http://127.0.0.1:{port}/readyz"


def test_the_gateway_knows_where_everybody_is_and_holds_no_key() -> None:
    given = set(CONTAINERS["gateway"]["environment"])
    assert set(environment.GATEWAY) | set(environment.SISTERS) <= given
    assert read_by("gateway", required=True) <= given
    assert "volumes" not in CONTAINERS["gateway"]


def test_no_variable_is_unknown() -> None:
    known = read_by_anybody()
    for name, container in CONTAINERS.items():
        for variable in container.get("environment", {}):
            assert variable in known or FOREIGN.fullmatch(variable), f"{name}: {variable}"


def test_only_the_gateway_can_be_reached_and_only_from_this_machine() -> None:
    published = {name: c["ports"] for name, c in CONTAINERS.items() if "ports" in c}
    assert published == {"gateway": ["127.0.0.1:8000:8000"]}


@pytest.mark.parametrize("name", [*SERVICES, *BACKGROUNDS, "gateway", "sandbox"])
def test_what_serves_is_hardened(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in container["security_opt"]
    assert container["mem_limit"]
    assert container["pids_limit"]


def test_migrations_come_first() -> None:
    for service in SERVICES:
        for name in (service, f"{service}-background"):
            assert f"{service}-migrate" in CONTAINERS[name]["depends_on"]


def test_every_command_is_a_module_of_the_checkout() -> None:
    for name, container in CONTAINERS.items():
        if container["image"] != "jajaya" or "entrypoint" in container:
            continue
        assert importlib.util.find_spec(container["command"][0]), name


def test_topics_are_made_by_the_file_that_the_launcher_reads() -> None:
    assert CONTAINERS["topics"]["command"][0] == "deploy.kafka.topics"
    prefix = CONTAINERS["order"]["environment"]["TOPIC_PREFIX"]
    assert prefix == importlib.import_module("deploy.kafka.topics").PREFIX


def test_databases_and_roles_are_made_for_each_service() -> None:
    script = (ROOT / "deploy" / "compose_init.sql").read_text()
    listed = set(re.findall(r"ARRAY\[([^]]+)\]\) AS service", script))
    assert {tuple(re.findall(r"'(\w+)'", names)) for names in listed} == {SERVICES}
    for service in SERVICES:
        assert f"\\c {service}\n" in script


def test_a_server_that_listens_on_a_socket_alone_is_not_ready() -> None:
    (test,) = CONTAINERS["postgres"]["healthcheck"]["test"][1:]
    assert test.startswith("pg_isready -h 127.0.0.1 ")


def test_the_brokers_data_lie_on_its_volume() -> None:
    kafka = CONTAINERS["kafka"]
    volume, _, mounted = kafka["volumes"][0].partition(":")
    assert volume in COMPOSE["volumes"]
    assert kafka["environment"]["KAFKA_LOG_DIRS"] == mounted


def test_the_image_is_built_in_stages_and_runs_as_nobody() -> None:
    stages = re.findall(r"^FROM .*", DOCKERFILE, re.M)
    assert len(stages) == 2
    assert re.search(r"^USER 10001$", DOCKERFILE, re.M)
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^HEALTHCHECK", DOCKERFILE, re.M)
    assert re.search(r'^ENTRYPOINT \["python", "-m"\]$', DOCKERFILE, re.M)
    copied = set(re.findall(r"^COPY (\w+) \w+$", DOCKERFILE, re.M))
    assert copied == {"shared", "gateway", "services", "deploy"}
