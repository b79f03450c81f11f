"""The tables of what an exchange does for its extensions beside connecting their calls.

codes  [codes]: what phones dial to do something
"""
