"""The names under which a database's files lie where they are stored."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the first file that is stored gives the database its name."""
    op.create_table("origins", sa.Column("id", sa.Text(), nullable=False), sa.PrimaryKeyConstraint("id"))
