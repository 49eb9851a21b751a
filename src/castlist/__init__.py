"""Create a character once, use it with every video model."""

__version__ = "0.1.0"
