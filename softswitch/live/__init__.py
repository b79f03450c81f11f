"""The settings that change while the switch runs: the file and the store, one to the user.

    live_settings     changes entries and reads the file again: judged, written, taken by all parts
    starting          file and store as one at a start
    changes           what is asked for, and what it leads to
    applying          judges changes, and applies them to the entries
    effective         every key as it is in effect, and where its value comes from
    reports           what a reload has changed
    snapshot          file and store as one value, and what is wrong between them
    kinds_of_entries  the lists of the settings that may change: extensions, trunks and so on
    imports           files of other switches as changes
    quiet             long work in a thread, beside which the loop stays punctual

What the file says is fixed: only the file changes it. What is added while the switch runs is in
the store (`store/exchange/settings_entries.py`), with who and when. A part that wants to hear of
changes is a `Taker` (`app/takers/`): it prepares in a thread what is new, and takes it in one step.
"""
