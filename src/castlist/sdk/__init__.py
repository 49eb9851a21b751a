"""The Python clients of a Castlist server: `Client` and `AsyncClient`, the same calls in two colours."""
