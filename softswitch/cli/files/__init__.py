"""The commands that write files before a switch runs: settings, and certificates for trials."""
