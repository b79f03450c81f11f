"""Tests with real processes and real peers: the whole program, SIPp, baresip; loopback only."""
