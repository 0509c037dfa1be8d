"""The one table of the toy."""

from alembic import op

from shared.run.migrate import grant_serving, kit_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    kit_tables()
    op.execute(
        "CREATE TABLE tools (id uuid CONSTRAINT pk_tools PRIMARY KEY, name text NOT NULL,"
        " note text NOT NULL, state varchar(40) NOT NULL"
        " CONSTRAINT ck_tools_toolstate CHECK (state IN ('shelved', 'lent')))"
    )
    op.execute("CREATE TABLE notes (seq bigint GENERATED ALWAYS AS IDENTITY, tool uuid, note text)")
    grant_serving("toy_app", append_only=["notes"])
