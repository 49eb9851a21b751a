"""The first tables: jobs, attempts, characters, bindings, assets."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
DELETED = sa.text("deleted_at IS NOT NULL")
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table of the first version."""
    _create_jobs()
    _create_characters()
    _create_assets()


def _create_jobs() -> None:
    live = sa.text("NOT ended")
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("deployment", sa.Text()),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("lease_holder", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("jobs_page", "jobs", ["project", "created_at", "id"])
    op.create_index("jobs_due", "jobs", ["due_at"], sqlite_where=live, postgresql_where=live)
    op.create_index("jobs_deleted", "jobs", ["deleted_at"], sqlite_where=DELETED, postgresql_where=DELETED)
    op.create_table(
        "job_characters",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("character", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", "character"),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"]),
    )
    op.create_index("job_characters_character", "job_characters", ["character"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"]),
    )
    op.create_index("attempts_job", "attempts", ["job", "number"], unique=True)


def _create_characters() -> None:
    preparing = sa.text("state = 'preparing'")
    op.create_table(
        "characters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("lease_holder", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("characters_page", "characters", ["project", "created_at", "id"])
    op.create_index("characters_name", "characters", ["project", "name"])
    op.create_index("characters_digest", "characters", ["project", "digest"])
    op.create_index("characters_preparing", "characters", ["created_at"], sqlite_where=preparing, postgresql_where=preparing)
    op.create_index("characters_deleted", "characters", ["deleted_at"], sqlite_where=DELETED, postgresql_where=DELETED)
    op.create_table(
        "bindings",
        sa.Column("character", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("character", "account"),
        sa.ForeignKeyConstraint(["character"], ["characters.id"]),
    )


def _create_assets() -> None:
    op.create_table(
        "assets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "asset_uses",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "asset"),
    )
    op.create_index("asset_uses_asset", "asset_uses", ["asset"])
