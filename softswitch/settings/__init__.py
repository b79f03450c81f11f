"""The tables of the settings file as typed models; `softswitch/config.py` reads the file."""
