"""What makes a page of a listing cheap that few of many jobs belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ENDING = sa.text("cancel_requested AND NOT ended")


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("jobs_state", "jobs", ["project", "state", "created_at", "id"])
    op.create_index("jobs_ending", "jobs", ["lease_holder"], sqlite_where=ENDING, postgresql_where=ENDING)
    op.drop_index("job_characters_character", "job_characters")
    op.create_index("job_characters_character", "job_characters", ["character", "job"])
