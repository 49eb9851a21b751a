"""The public shapes: what requests may say, and what answers look like."""
