"""Who is told of the end of videos, what is on its way to them and what it is signed with; what vendors called back about."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PENDING = sa.text("state = 'pending'")
CURRENT = sa.text("old_until IS NULL")


def upgrade() -> None:
    """Create the tables."""
    _create_endpoints()
    _create_deliveries()
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("sealed_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("old_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhook_secrets_current", "webhook_secrets", ["project"], unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT)
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("callbacks_job", "callbacks", ["job"])
    op.create_index("callbacks_number", "callbacks", ["number"], unique=True)
    op.create_index("callbacks_received", "callbacks", ["received_at"])


def _create_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("allow_private", sa.Boolean(), nullable=False),
        sa.Column("configured", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhook_endpoints_url", "webhook_endpoints", ["project", "url"], unique=True)


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("video", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_holder", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["endpoint"], ["webhook_endpoints.id"]),
    )
    op.create_index("webhook_deliveries_page", "webhook_deliveries", ["project", "created_at", "id"])
    op.create_index("webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint"])
    op.create_index("webhook_deliveries_due", "webhook_deliveries", ["due_at"], sqlite_where=PENDING, postgresql_where=PENDING)
