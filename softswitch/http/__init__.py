"""The HTTP doors: health, metrics, the command API."""
