"""The HTTP doors: health, metrics, the command API, the calls that are up."""
