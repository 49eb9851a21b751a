"""The requests of the last day, so that one which comes again makes nothing more."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; a request from before it existed is not known again."""
    op.create_table(
        "requests",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("lost_at", sa.BigInteger()),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )
    marked = sa.text("mark IS NOT NULL")
    op.create_index("requests_created", "requests", ["created_at"])
    op.create_index("requests_digest", "requests", ["project", "digest"])
    op.create_index("requests_mark", "requests", ["project", "mark"], unique=True, sqlite_where=marked, postgresql_where=marked)
