"""Whether the CHECKs of a database say what those of the rows say."""

from sqlalchemy import CheckConstraint, Connection, MetaData
from sqlalchemy.dialects import postgresql

_SAID = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'c' AND connamespace = '{schema}'::regnamespace
"""
Said = dict[tuple[str, str], str]


def checks_of_database(connection: Connection, metadata: MetaData) -> Said:
    """Every CHECK of the tables of these rows, by table and name, as PostgreSQL has read it."""
    return {
        key: said for key, said in _read(connection, "public").items() if key[0] in metadata.tables
    }


def checks_of_rows(connection: Connection, metadata: MetaData) -> Said:
    """Every CHECK of these rows by table and name, as PostgreSQL reads it.

    Twins of the tables, without their CHECKs, are given those of the rows and are gone with the
    transaction.
    """
    connection.exec_driver_sql("CREATE SCHEMA twins")
    for name, table in metadata.tables.items():
        connection.exec_driver_sql(f"CREATE TABLE twins.{name} (LIKE public.{name})")
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                rule = check.sqltext.compile(
                    dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
                    compile_kwargs={"literal_binds": True},
                )
                connection.exec_driver_sql(
                    f"ALTER TABLE twins.{name} ADD CONSTRAINT {check.name} CHECK ({rule})"
                )
    said = _read(connection, "twins")
    return {(table.removeprefix("twins."), name): rule for (table, name), rule in said.items()}


def _read(connection: Connection, schema: str) -> Said:
    rows = connection.exec_driver_sql(_SAID.format(schema=schema))
    return {(table, name): said for table, name, said in rows}
