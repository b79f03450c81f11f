"""The parts that phones get something from beside calls.

provisioning   the files by which they configure themselves, and where the server is that they use
"""
