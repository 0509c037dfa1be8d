"""The variables each process of the fleet is given."""

from pathlib import Path

import pytest

from deploy.local import environment
from deploy.local.environment import Facts, environment_of
from deploy.local.ports import USUAL
from deploy.local.secrets import SERVICES, Secrets


@pytest.fixture
def facts() -> Facts:
    """A fleet on its usual ports."""
    databases = {
        name: {part: f"postgresql+asyncpg://{name}_{part}@h/{name}" for part in ("app", "owner")}
        for name in SERVICES
    }
    keys = Secrets(Path("/keys"))
    return Facts(USUAL, databases, keys, "127.0.0.1:9092", True, Path("/credentials"))


def test_a_process_gets_every_shared_variable_and_its_own(facts: Facts) -> None:
    for service in SERVICES:
        env = environment_of(service, facts, {})
        own = {f"{service.upper()}_{suffix}" for suffix in environment.OWN}
        own.remove(f"{service.upper()}_OWNER_DATABASE_URL")
        assert set(environment.SHARED) | own <= set(env)
    assert set(environment.GATEWAY) <= set(environment_of("gateway", facts, {}))
    assert set(environment.USER) <= set(environment_of("user", facts, {}))
    for other in (*SERVICES[1:], "gateway"):
        assert not set(environment.USER) & set(environment_of(other, facts, {}))
    assert "GATEWAY_SIGNING_KEY_FILE" not in environment_of("gateway", facts, {})


def test_a_process_gets_no_other_services_database(facts: Facts) -> None:
    users = {"DATABASE_URL_ORDER": "secret", "OWNER_DATABASE_URL_ORDER": "secret"}
    env = environment_of("payment", facts, users)
    assert [name for name in env if "DATABASE_URL" in name] == ["PAYMENT_DATABASE_URL"]


def test_only_migrations_get_the_owners_role(facts: Facts) -> None:
    assert "ORDER_OWNER_DATABASE_URL" not in environment_of("order", facts, {})
    env = environment_of("order", facts, {}, owner=True)
    assert env["ORDER_OWNER_DATABASE_URL"].endswith("order_owner@h/order")


def test_a_variable_of_the_users_own_passes_through(facts: Facts) -> None:
    users = {"ORDER_POOL_SIZE": "30", "BANK_URL": "https://bank.example", "LOG_LEVEL": "debug"}
    env = environment_of("order", facts, users)
    assert {name: env[name] for name in users} == users
    assert env["WECHAT_PAY_URL"] == "http://127.0.0.1:8090"


def test_what_the_launcher_runs_itself_cannot_be_pointed_elsewhere(facts: Facts) -> None:
    env = environment_of("order", facts, {"ORDER_PORT": "1", "USER_URL": "http://elsewhere"})
    assert env["ORDER_PORT"] == "8002"
    assert env["USER_URL"] == "http://127.0.0.1:8001"


def test_the_record_of_a_running_fleet_gives_the_same_environment(facts: Facts) -> None:
    record = {
        "ports": facts.ports, "databases": facts.databases, "secrets": "/keys",
        "kafka_bootstrap": "127.0.0.1:9092", "broker": "kafka",
        "sandbox_credentials": "/credentials", "topic_prefix": "jajaya",
    }  # fmt: skip
    assert environment.facts_of(record) == facts
