"""What the settings of benchmarks begin with."""

QUIET = """
[guard]
trusted = ["127.0.0.1/32"]
[logging]
level = "warning"
messages = "off"
"""
"Whoever loads the switch is not banned, and the log is short."
