"""What phones do by keys while they talk: record, transfer, park, invite a third.

call_codes  hears the keys of the parties that may, and does what they ask for
pressed     the keys of one party: those of codes, and those for the other party
written     compares keys with a code as the settings write it
"""
