"""What others would write: copied and installed by acceptance/test_outside.py, and not collected where it lies."""

collect_ignore_glob = ["*"]
