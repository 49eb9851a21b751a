"""How deployments do, what was sent to them lately, and how many videos are at work there."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LIVE = sa.text("NOT ended")


def upgrade() -> None:
    """Create the tables and the index; nothing was known before."""
    op.create_table(
        "health",
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("cooled_until", sa.BigInteger()),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("probe", sa.Text()),
        sa.Column("probe_until", sa.BigInteger()),
        sa.Column("pace", sa.BigInteger()),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("deployment"),
    )
    op.create_table(
        "sends",
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("deployment", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("attempt"),
    )
    op.create_index("sends_at", "sends", ["deployment", "at"])
    op.create_index("jobs_at_work", "jobs", ["deployment", "state"], sqlite_where=LIVE, postgresql_where=LIVE)
