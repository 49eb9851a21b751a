"""What Castlist talks about, as frozen values: no I/O and no clock."""
