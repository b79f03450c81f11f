"""Connections that carry text messages."""
